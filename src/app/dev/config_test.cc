#include "app/dev/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace carillon::app {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const DevKeys kKeys{std::string(64, 'a'), std::string(32, 'b'), {}};

class DevConfigTest : public ::testing::Test {
 protected:
  DevConfigTest() {
    std::string name = "/tmp/dev_config.XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~DevConfigTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& file, std::string_view text) const {
    std::ofstream(folder_ + "/" + file) << text;
    return folder_ + "/" + file;
  }
  DevConfig with_profiles(std::vector<std::string> profiles) const {
    DevArguments arguments;
    arguments.profiles = std::move(profiles);
    return {arguments, kKeys};
  }
  static std::vector<std::string> names_of(const CheckedConfig& checked) {
    std::vector<std::string> names;
    for (const auto& endpoint : checked.loaded.settings.endpoints) names.push_back(endpoint.name);
    return names;
  }

  std::string folder_;
};

constexpr std::string_view kMine =
    "path = \"/mine\"\nauth.mode = \"none\"\nsource.channels = [\"mine.*\"]\nframes.event = '$body'\n";

TEST_F(DevConfigTest, OfItsOwnIsEveryBuiltInProfileThatReceivesEvents) {
  const DevConfig config = with_profiles({});
  const CheckedConfig checked = config.read();
  EXPECT_THAT(checked.errors, IsEmpty());
  EXPECT_THAT(checked.loaded.warnings, IsEmpty());
  EXPECT_THAT(names_of(checked), ElementsAre("carillon", "fluxora", "grimnir", "orion", "service"));
  EXPECT_THAT(config.remarks(checked.loaded.settings), IsEmpty());
}

// Regression: "carillon dev:3: server.listen: …" names a text that the user has not written.
TEST_F(DevConfigTest, APortThatIsTakenIsReportedWithTheOptionForAnother) {
  DevArguments arguments;
  const std::string taken = "cannot listen on 127.0.0.1:8000: address already in use; stop the other server";
  const std::string said = "port 8000 is in use: another program listens on 127.0.0.1:8000; stop it, or use ";
  EXPECT_EQ(DevConfig(arguments, kKeys).failure_text("default: server.listen: " + taken),
            said + "another port with --listen 127.0.0.1:8001");
  arguments.listen = {"127.0.0.1:8000"};
  EXPECT_EQ(DevConfig(arguments, kKeys).failure_text("carillon dev:3: server.listen: " + taken),
            said + "another port with --listen 127.0.0.1:8001");
  arguments.listen = {"[::1]:65535"};
  EXPECT_THAT(
      DevConfig(arguments, kKeys)
          .failure_text("carillon dev:3: server.listen: cannot listen on [::1]:65535: address already in "
                        "use; stop the other server"),
      HasSubstr("port 65535 is in use: another program listens on [::1]:65535; stop it, or use another "
                "port with --listen [::1]:65534"));
  EXPECT_EQ(DevConfig(arguments, kKeys).failure_text("carillon dev:3: server.listen: cannot listen on x: no"),
            "--listen: cannot listen on x: no");
  arguments = {};
  arguments.config_file = "gateway.toml";
  EXPECT_EQ(DevConfig(arguments, kKeys).failure_text("gateway.toml:2: server.listen: " + taken),
            said + "another port such as server.listen = [\"127.0.0.1:8001\"] in gateway.toml");
}

TEST_F(DevConfigTest, ServesAProfileBesideTheBuiltInOnes) {
  const std::string file = write("mine.toml", kMine);
  const CheckedConfig checked = with_profiles({file}).read();
  EXPECT_THAT(checked.errors, IsEmpty());
  EXPECT_THAT(names_of(checked), ElementsAre("mine", "carillon", "fluxora", "grimnir", "orion", "service"));
  EXPECT_THAT(checked.profiles, ElementsAre(file));
}

TEST_F(DevConfigTest, LeavesABuiltInProfileOutThatCannotBeServedAsWell) {
  const std::string path =
      write("mine.toml",
            "path = \"/ws\"\nauth.mode = \"none\"\nsource.channels = [\"a\"]\nframes.event = '$body'\n");
  const std::string name = write("grimnir.toml", kMine);
  const std::string route =
      write("posts.toml",
            "path = \"/posts\"\nauth.mode = \"none\"\n[[route]]\npath = \"/api/streams\"\n"
            "channel = \"fluxora.streams\"\n");
  const DevConfig config = with_profiles({path, name, route});
  const CheckedConfig checked = config.read();
  EXPECT_THAT(checked.errors, IsEmpty());
  EXPECT_THAT(names_of(checked), ElementsAre("mine", "grimnir", "posts", "carillon", "service"));
  EXPECT_THAT(
      config.remarks(checked.loaded.settings),
      ElementsAre("The built-in profile fluxora is not served: posts has the route /api/streams as well.",
                  "The built-in profile grimnir is not served: grimnir has the name grimnir as well.",
                  "The built-in profile orion is not served: mine has the path /ws as well."));
}

TEST_F(DevConfigTest, NamesTheFileWhereAKeyIsMissing) {
  const std::string mine = write("mine.toml", kMine);
  const std::string broken = write("broken.toml", "acks = 1\nauth.mode = \"none\"\n");
  EXPECT_THAT(
      with_profiles({mine, broken}).read().errors,
      ElementsAre(broken + ":1: path: is missing; write path = \"/ws\"", HasSubstr(broken + ":1: acks: ")));
}

TEST_F(DevConfigTest, NamesBothFilesOfProfilesThatCannotBeServedTogether) {
  fs::create_directory(folder_ + "/b");
  const std::string one = write("mine.toml", kMine);
  const std::string other = write("b/mine.toml", kMine);
  EXPECT_THAT(
      with_profiles({one, other}).read().errors,
      ElementsAre(
          other + ":1: name: \"mine\" is already the name of the endpoint at " + one + "; write another name",
          HasSubstr(other + ":1: path: \"/mine\" is already the path of the endpoint at " + one)));
}

TEST_F(DevConfigTest, NamesTheOptionWhoseValueIsWrong) {
  DevArguments arguments;
  arguments.listen = {"nowhere"};
  arguments.bus = "ftp://127.0.0.1";
  EXPECT_THAT(DevConfig(arguments, kKeys).read().errors,
              ElementsAre(HasSubstr("--listen: \"nowhere\" has no port")));
  arguments.listen.clear();
  EXPECT_THAT(DevConfig(arguments, kKeys).read().errors, ElementsAre(::testing::StartsWith("--bus: ")));
}

TEST_F(DevConfigTest, NamesAProfileThatIsNotThere) {
  EXPECT_THAT(with_profiles({folder_ + "/none.toml"}).read().errors,
              ElementsAre(HasSubstr("none.toml: cannot read ")));
}

TEST_F(DevConfigTest, HasItsOwnKeysWhereAFileNamesVariablesThatAreNotSet) {
  ::unsetenv("CARILLON_JWT_SECRET");
  ::unsetenv("CARILLON_API_KEY");
  DevArguments arguments;
  arguments.config_file =
      write("gateway.toml",
            "[keys.main]\nalgorithms = [\"HS256\"]\nsecret = { env = \"CARILLON_JWT_SECRET\" }\n"
            "[[endpoint]]\nprofile = \"orion\"\n");
  const DevConfig config(arguments, kKeys);
  const CheckedConfig checked = config.read();
  EXPECT_THAT(checked.errors, IsEmpty());
  EXPECT_EQ(checked.loaded.settings.keys.front().secret.reveal(), kKeys.secret);
  EXPECT_THAT(config.remarks(checked.loaded.settings),
              ElementsAre("CARILLON_JWT_SECRET is not set: a secret of carillon dev is used."));
  EXPECT_THAT(config.files(), ElementsAre(arguments.config_file));
}

TEST(DevArguments, ThatAConfigurationMakesMeaninglessAreRefused) {
  const auto fault = [](auto change) {
    DevArguments arguments;
    arguments.config_file = "gateway.toml";
    change(arguments);
    return DevConfig(arguments, kKeys).fault_of_arguments();
  };
  EXPECT_EQ(fault([](DevArguments&) {}), "");
  EXPECT_EQ(fault([](DevArguments& a) { a.bus = "memory:"; }),
            "--config serves a whole configuration: set bus.url in gateway.toml instead of --bus");
  EXPECT_EQ(fault([](DevArguments& a) { a.listen = {"127.0.0.1:1"}; }),
            "--config serves a whole configuration: set server.listen in gateway.toml instead of --listen");
  EXPECT_EQ(fault([](DevArguments& a) { a.profiles = {"mine.toml"}; }),
            "--config serves a whole configuration: write [[endpoint]] with profile = \"mine.toml\" into "
            "gateway.toml instead of --profile");
}

TEST(DevArguments, AProfileIsTheFileOfOne) {
  DevArguments arguments;
  arguments.profiles = {"orion"};
  EXPECT_THAT(DevConfig(arguments, kKeys).fault_of_arguments(),
              HasSubstr("--profile orion: the file of a profile is named after it and ends in .toml"));
}

}  // namespace
}  // namespace carillon::app
