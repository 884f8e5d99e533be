"""Close codes and texts for clients are found where they do not belong."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import client_texts


class ClientTexts(unittest.TestCase):
    def found(self, code, name="src/gateway/x.cc"):
        return [what for _, what in client_texts.found(name, code)]

    def test_a_text_or_close_code_for_a_client_is_refused(self):
        for code, what in (
                ('close(i, why, close_frame(1013, "Events lost"), mode);', "Events lost"),
                ("f(close_frame(4000, {}));", "4000"),
                ("close_frame(number(CloseCode::try_again_later), reason);", "CloseCode::"),
                ("constexpr std::uint16_t kPolicyViolation = 1008;", "1008"),
                ('return refused(RefusalReason::origin, 403,\n  "origin (not) allowed");', "origin (not) allowed"),
                ('send_error(client, kind, ok ? detail : "not published");', "not published"),
                ('refuse(i, reason, http::error_response(404, "gone"), {});', "gone"),
                ('return refuse("too many channels");', 'refuse("'),
                ('error_response(503, "too many connections");', "too many connections"),
                ('response.body = R"({"message":"no"})";', 'body = R"')):
            with self.subTest(code):
                self.assertIn(what, self.found(code))

    def test_values_of_the_endpoint_comments_and_log_lines_pass(self):
        for code in ("close_frame(endpoint.settings.source.gap);", 'f(1000); // close_frame(1013, "x")',
                     "close_frame(code, {});", 'try_later(message, "5");', "error_response(503, messages.draining);",
                     'turn_away(index, reason, "no whole request in time");', "milliseconds(10'08);"):
            with self.subTest(code):
                self.assertEqual(self.found(code), [])
        bad = 'close_frame(1013, "x");'
        self.assertEqual(self.found(bad, "src/gateway/x_test.cc"), [])
        self.assertEqual(self.found(bad, "src/gateway/testing/x.h"), [])
        self.assertEqual(self.found(bad, "src/api/x.cc"), [])

    def test_an_exception_that_is_not_needed_is_an_error(self):
        texts = {"src/client/http_x.cc": "".join(f'error_response(400, "{text}");\n' for text in client_texts.HTTP_TEXTS)}
        self.assertEqual(list(client_texts.problems(texts)), [])
        texts["src/client/http_x.cc"] = texts["src/client/http_x.cc"].replace('error_response(400, "no such path");', "")
        [problem] = client_texts.problems(texts)
        self.assertIn("no such path", problem)


if __name__ == "__main__":
    unittest.main()
