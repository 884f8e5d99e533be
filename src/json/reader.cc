#include "json/reader.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "json/scan.h"

namespace carillon::json {

std::string_view name_of(Type type) {
  switch (type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "boolean";
    case Type::number:
      return "number";
    case Type::string:
      return "string";
    case Type::array:
      return "array";
    case Type::object:
      return "object";
  }
  return "";
}

Value Value::of_valid(std::string_view valid_json) {
  const std::size_t begin = scan::skip_space(valid_json, 0);
  std::size_t end = valid_json.size();
  while (end > begin && scan::is_space(valid_json[end - 1])) --end;
  return begin == end ? Value() : Value(valid_json.substr(begin, end - begin));
}

std::optional<bool> Value::boolean() const {
  if (!is(Type::boolean)) return std::nullopt;
  return raw_.front() == 't';
}

Result<std::string, StringFault> Value::string() const {
  if (!is(Type::string)) return tl::unexpected(StringFault::not_a_string);
  std::string text;
  if (!scan::append_unescaped(text, raw_.substr(1, raw_.size() - 2), scan::LoneSurrogates::refuse)) {
    return tl::unexpected(StringFault::lone_surrogate);
  }
  return text;
}

bool Value::equals(std::string_view text) const {
  return is(Type::string) && scan::unescaped_equals(raw_.substr(1, raw_.size() - 2), text);
}

std::optional<Value> Value::find(std::string_view name) const {
  std::optional<Value> found;
  for (const Member& member : members()) {
    if (member.named(name)) found = member.value;
  }
  return found;
}

std::optional<Value> Value::at(std::size_t index) const {
  for (const Value element : elements()) {
    if (index-- == 0) return element;
  }
  return std::nullopt;
}

Members Value::members() const { return Members(is(Type::object) ? raw_ : std::string_view{}); }
Elements Value::elements() const { return Elements(is(Type::array) ? raw_ : std::string_view{}); }

bool Member::named(std::string_view name) const { return scan::unescaped_equals(raw_name, name); }

Result<std::string, StringFault> Member::name() const {
  std::string text;
  if (!scan::append_unescaped(text, raw_name, scan::LoneSurrogates::refuse)) {
    return tl::unexpected(StringFault::lone_surrogate);
  }
  return text;
}

namespace {

// Where the next item of a container begins when the last one ended at `after`; npos: there is none.
std::size_t next_item(std::string_view container, std::size_t after) {
  std::size_t at = scan::skip_space(container, after);
  if (at >= container.size() || container[at] != ',') return std::string_view::npos;
  at = scan::skip_space(container, at + 1);
  return at < container.size() ? at : std::string_view::npos;
}

// Where the first item begins; npos: the container is empty.
std::size_t first_item(std::string_view container) {
  if (container.empty()) return std::string_view::npos;
  const std::size_t at = scan::skip_space(container, 1);
  // What is left of "{}" and "[]" is the closing bracket.
  return at + 1 < container.size() ? at : std::string_view::npos;
}

}  // namespace

Members::Iterator Members::begin() const {
  Iterator iterator;
  iterator.text_ = object_;
  iterator.next_ = first_item(object_);
  iterator.read();
  return iterator;
}

void Members::Iterator::read() {
  if (next_ == std::string_view::npos) return;
  const std::size_t name_end = scan::string_end(text_, next_);
  std::size_t at = scan::skip_space(text_, name_end);
  at = scan::skip_space(text_, at + 1);  // behind the colon
  after_ = scan::value_end(text_, at);
  if (after_ <= at) {  // not what validate() lets through; end rather than stand still
    next_ = std::string_view::npos;
    return;
  }
  member_.raw_name = text_.substr(next_ + 1, name_end - next_ - 2);
  member_.value = Value(text_.substr(at, after_ - at));
}

Members::Iterator& Members::Iterator::operator++() {
  next_ = next_item(text_, after_);
  read();
  return *this;
}

Elements::Iterator Elements::begin() const {
  Iterator iterator;
  iterator.text_ = array_;
  iterator.next_ = first_item(array_);
  iterator.read();
  return iterator;
}

void Elements::Iterator::read() {
  if (next_ == std::string_view::npos) return;
  after_ = scan::value_end(text_, next_);
  if (after_ <= next_) {
    next_ = std::string_view::npos;
    return;
  }
  value_ = Value(text_.substr(next_, after_ - next_));
}

Elements::Iterator& Elements::Iterator::operator++() {
  next_ = next_item(text_, after_);
  read();
  return *this;
}

namespace {

// Goes once through a valid text and looks at the members' names of each object, at every depth.
class DuplicateFinder {
 public:
  DuplicateFinder(std::string_view text, std::size_t members_max) : text_(text), members_max_(members_max) {}

  // Nothing where all is well.
  std::optional<ParseError> run();

 private:
  struct Name {
    std::string_view text;  // unescaped
    std::size_t offset;
  };
  std::optional<ParseError> add(std::size_t from, std::size_t end);
  std::optional<ParseError> close_object();

  std::string_view text_;
  std::size_t members_max_;
  std::size_t members_ = 0;
  std::vector<std::size_t> open_objects_;  // where in names_ each one's names begin
  std::vector<Name> names_;
  std::deque<std::string> unescaped_;  // what names_ points at where a name has escapes
};

std::optional<ParseError> DuplicateFinder::run() {
  std::size_t at = 0;
  while (at < text_.size()) {
    std::optional<ParseError> error;
    if (text_[at] == '"') {
      const std::size_t end = scan::string_end(text_, at);
      const std::size_t behind = scan::skip_space(text_, end);
      // Only a member's name has a colon behind it.
      if (behind < text_.size() && text_[behind] == ':') error = add(at, end);
      at = end;
    } else {
      if (text_[at] == '{') open_objects_.push_back(names_.size());
      if (text_[at] == '}') error = close_object();
      ++at;
    }
    if (error) return error;
  }
  return std::nullopt;
}

std::optional<ParseError> DuplicateFinder::add(std::size_t from, std::size_t end) {
  if (++members_ > members_max_) return ParseError{ParseFault::too_many_members, Validity::valid, from};
  std::string_view name = text_.substr(from + 1, end - from - 2);
  if (name.find('\\') != std::string_view::npos) {
    std::string& text = unescaped_.emplace_back();
    scan::append_unescaped(text, name, scan::LoneSurrogates::keep);
    name = text;
  }
  names_.push_back({name, from});
  return std::nullopt;
}

std::optional<ParseError> DuplicateFinder::close_object() {
  if (open_objects_.empty()) return std::nullopt;
  const auto first = names_.begin() + static_cast<std::ptrdiff_t>(open_objects_.back());
  open_objects_.pop_back();
  std::sort(first, names_.end(), [](const Name& a, const Name& b) {
    return a.text != b.text ? a.text < b.text : a.offset < b.offset;
  });
  const auto same =
      std::adjacent_find(first, names_.end(), [](const Name& a, const Name& b) { return a.text == b.text; });
  if (same != names_.end()) {
    return ParseError{ParseFault::duplicate_member, Validity::valid, std::next(same)->offset};
  }
  names_.erase(first, names_.end());
  return std::nullopt;
}

}  // namespace

std::string ParseError::message() const {
  std::string place = "at byte " + std::to_string(offset) + ": ";
  switch (fault) {
    case ParseFault::invalid:
      return place + std::string(describe(validity));
    case ParseFault::too_long:
      return "the JSON text is too long";
    case ParseFault::duplicate_member:
      return place + "the object has two members of this name";
    case ParseFault::too_many_members:
      return place + "there are too many members";
  }
  return place;
}

Result<Value, ParseError> parse(std::string_view text, ParseOptions options) {
  if (text.size() > options.bytes_max) {
    return tl::unexpected(ParseError{ParseFault::too_long, Validity::valid, options.bytes_max});
  }
  if (const Validation validation = validate(text, options.depth_max); !validation) {
    return tl::unexpected(ParseError{ParseFault::invalid, validation.fault, validation.offset});
  }
  if (options.duplicates == Duplicates::refuse) {
    if (const auto error = DuplicateFinder(text, options.members_max).run()) return tl::unexpected(*error);
  }
  return Value::of_valid(text);
}

}  // namespace carillon::json
