#include "config/key_set_kinds.h"

#include <utility>

#include "config/path.h"

namespace carillon::config {

void JwksFileKind::read(const Place& place, Reading& reading, JwksFile& field) const {
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, cat({"a path such as ", example()}));
    return;
  }
  std::string path = path_beside(place.origin.source, place.node.text);
  auto content = reading.environment.read_file(path);
  if (!content) {
    reading.fault(place, cat({"cannot read the file ", quoted(path), ": ", content.error().message,
                              "; write the path of a readable file"}));
    return;
  }
  field = {std::move(path), std::make_shared<const std::string>(std::move(*content))};
}

}  // namespace carillon::config
