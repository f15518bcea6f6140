#include "config/pipeline.hpp"

namespace sluice::config {
namespace {

Option input_lines() {
  return Option::list("", Option::either("", {Option::string(),
                                              Option::mapping("", {Option::duration("wait").required().doc(
                                                                      "no line but time that passes, for what forgets "
                                                                      "or gives up waiting")})}));
}

Option record() {
  return Option::either(
      "", {Option::string(),
           Option::mapping("", {Option::list("where", Option::expression())
                                    .or_single()
                                    .required()
                                    .not_empty()
                                    .example("status >= 500")
                                    .doc("expressions that must be true for the record, as it comes to the writer")}),
           Option::map("", Option::any())});
}

std::vector<Option> rejection_options() {
  return {
      Option::string("reason").example("invalid_json").doc("the reason, as in `rejects`"),
      Option::string("stage").doc("the name of the stage that rejected it"),
      Option::string("detail").doc("a part of the detail"),
      Option::string("raw").doc("the whole line"),
  };
}

Option number() { return Option::integer().at_least(0); }

}  // namespace

std::vector<Option> test_options() {
  return {
      Option::string("name").not_empty().doc("what is tested, in words; default: `test` and the position"),
      Option::either("input", {Option::string(), input_lines(),
                               Option::map("", Option::either("", {Option::string(), input_lines()}))})
          .required()
          .doc("the lines that the generator reads: a text, or a list of lines; with several generators a mapping of "
               "their names to that, read one after the other"),
      Option::either("output",
                     {number(), Option::string(), Option::list("", record()),
                      Option::map("", Option::either("", {number(), Option::string(), Option::list("", record())}))})
          .doc("all that the writer is to write, in order: how many records, a text of their lines, or a list in which "
               "each is a text (the line, or any JSON of the same value), a mapping (its fields), or `where`; with "
               "several writers a mapping of their names to that, those that are not named are not looked at"),
      Option::either("rejected",
                     {number(), Option::list("", Option::either("", {Option::string(),
                                                                     Option::mapping("", rejection_options())}))})
          .defaults("0")
          .doc("all records that are to be rejected, in order: how many, or a list in which each is a reason or says "
               "more of it"),
      Option::either("filtered", {number(), Option::string(), Option::list("", Option::string())})
          .doc("all lines that are to be filtered, in order: how many, or which; not looked at if not given"),
      Option::string("error").not_empty().doc("a part of the error that is to stop the pipeline (`on_error: fail`)"),
      Option::map("environment", Option::string())
          .doc("values of `${variables}` for this test, instead of those of the process"),
      Option::string("time")
          .not_empty()
          .defaults("2026-01-01T00:00:00Z")
          .doc("what time it is, in RFC 3339; it stands still but for `wait`"),
      Option::boolean("exact").defaults("false").doc("JSON given as text must be written byte for byte"),
  };
}

}  // namespace sluice::config
