#include "config/key_set_kinds.h"

namespace carillon::config {

void JwksFileKind::read(const Place& place, Reading& reading, JwksFile& field) const {
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, cat({"a path such as ", example()}));
    return;
  }
  auto content = reading.environment.read_file(place.node.text);
  if (!content) {
    reading.fault(place, cat({"cannot read the file ", quoted(place.node.text), ": ", content.error().message,
                              "; write the path of a readable file"}));
    return;
  }
  field = {place.node.text, std::make_shared<const std::string>(std::move(*content))};
}

}  // namespace carillon::config
