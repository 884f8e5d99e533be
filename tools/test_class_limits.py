"""The size of a class is counted correctly, and its limits can only shrink."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import class_limits
import cpp_classes


def counted(text):
    return {each.name: (each.methods, each.members) for each in cpp_classes.classes(text)}


class CppClasses(unittest.TestCase):
    def test_methods_and_members_are_counted_whatever_their_access(self):
        self.assertEqual(counted("""
            class A final : public B, private C<int> {
             public:
              void f();
              int g() const { if (x_) { return 1; } return 2; }
              static Result<std::unique_ptr<A>> create(std::function<void(int)> done = {});
             private:
              virtual bool h(int a, int b = 3) noexcept override = 0;
              template <class T> requires (sizeof(T) < 8) auto k(T&& t) -> decltype(t);
              int x_ = 0;
              std::function<void(int)> done_;
              std::map<int, std::string> names_{{1, "a"}};
            };"""), {"A": (5, 3)})

    def test_constructors_the_destructor_and_defaulted_or_deleted_functions_are_no_methods(self):
        self.assertEqual(counted("""
            struct A {
              explicit A(int x) noexcept : a_{x}, b_(x) { f(); }
              A(const A&) = delete;
              A& operator=(const A&) = delete;
              virtual ~A();
              bool operator==(const A&) const = default;
              bool operator()(int x) const;
              bool operator<(const A& other) const { return a_ < other.a_; }
              int a_, b_;
            };"""), {"A": (2, 2)})

    def test_what_declares_no_method_and_no_member_of_an_object_is_not_counted(self):
        self.assertEqual(counted("""
            class A {
              using B = std::vector<int>;
              enum class C : int { a, b };
              class D;
              struct E;
              friend class F;
              friend bool operator==(const A&, const A&) { return true; }
              static constexpr int kMax = sizeof(int);
              static_assert(sizeof(int) == 4);
            };"""), {"A": (0, 0)})

    def test_members_in_unusual_dress_are_counted(self):
        self.assertEqual(counted("""
            struct alignas(64) A {
              [[no_unique_address]] B b;
              alignas(16) char bytes[64];
              bool flag : 1 = false;
              void (*call)(int) = nullptr;
              struct { int x; } point_;
              std::array<int, (3 + 4)> numbers{};
            };""")["A"], (0, 6))

    def test_nested_classes_count_for_themselves_and_local_ones_not_at_all(self):
        self.assertEqual(counted("""
            namespace a { namespace {
            template <class T>
            class A {
              struct B { void f(); int x; } b_;
              class C { void g() {} };
              void h() { struct Local { int y; }; }
            };
            } }
            struct A::D { int z; };"""), {"A": (1, 1), "A::B": (1, 1), "A::C": (1, 0), "A::D": (0, 1)})


class ClassLimits(unittest.TestCase):
    def figures(self, **files):
        texts = {f"src/a/{name.replace('_', '.')}": text for name, text in files.items()}
        return class_limits.over_limits(class_limits.figures(texts))

    def test_the_limit_itself_passes_and_one_more_does_not(self):
        for what, line in (("methods", "void f{}();"), ("members", "int x{}_;")):
            most = class_limits.LIMITS[what]
            for count, expected in ((most, {}), (most + 1, {"src/a/a.h: A": {what: most + 1}})):
                body = "".join(line.replace("{}", str(number)) for number in range(count))
                self.assertEqual(self.figures(a_h="class A { " + body + " };"), expected)

    def test_a_struct_of_values_may_have_many_and_one_with_methods_may_not(self):
        values = "".join(f"int x{number};" for number in range(40))
        self.assertEqual(self.figures(a_h="struct A { " + values + " int f(); int g(); };"), {})
        self.assertIn("src/a/a.h: A", self.figures(a_h="struct A { " + values + " int f(); int g(); int h(); };"))

    def test_the_files_that_define_its_methods_are_counted_in_its_folder(self):
        files = {"a_h": "class A { void f(); void g(); void h(); void k(); };", "b_cc": "void A::f() {}",
                 "c_cc": "namespace n {\nvoid A::g() {}\n}", "d_h": "class Other {};"}
        self.assertEqual(self.figures(**files), {})
        self.assertEqual(self.figures(**files, e_cc="void A::h() {}"), {"src/a/a.h: A": {"sources": 3}})
        self.assertEqual(self.figures(**files, e_h="inline void A::h() {}"), {"src/a/a.h: A": {"headers": 2}})
        elsewhere = class_limits.figures({"src/a/a.h": files["a_h"], "src/b/e.h": "inline void A::h() {}"})
        self.assertEqual(elsewhere["src/a/a.h: A"]["headers"], 1)

    def test_a_listed_class_may_neither_grow_nor_shrink_unrecorded(self):
        def problems(methods, allowed):
            found = {"x.h: A": {"methods": methods, "members": 1, "headers": 1, "sources": 1}}
            return len(list(class_limits.problems(found, {"x.h: A": allowed})))
        self.assertEqual(problems(40, {"reason": "why", "methods": 40}), 0)
        self.assertEqual(problems(41, {"reason": "why", "methods": 40}), 1)
        self.assertEqual(problems(39, {"reason": "why", "methods": 40}), 1)
        self.assertEqual(problems(3, {"reason": "why", "methods": 40}), 1)
        self.assertEqual(problems(40, {"methods": 40}), 1)
        # A class that is not listed may have as many as the limit.
        found = {"x.h: A": {"methods": 31, "members": 1, "headers": 1, "sources": 1}}
        self.assertEqual(len(list(class_limits.problems(found, {}))), 1)
        # An allowance for one figure allows no other.
        self.assertEqual(problems(40, {"reason": "why", "methods": 40, "members": 20}), 1)

    def test_shrinking_writes_smaller_figures_and_never_larger_or_new_ones(self):
        found = {"a": {"methods": 35, "members": 50}, "b": {"methods": 3}, "new": {"methods": 70}}
        allowed = {"a": {"reason": "why", "methods": 40, "members": 20}, "b": {"reason": "r", "methods": 31},
                   "gone": {"reason": "r", "methods": 31}}
        self.assertEqual(class_limits.shrink(found, allowed), {"a": {"reason": "why", "methods": 35, "members": 20}})


if __name__ == "__main__":
    unittest.main()
