# The smallest Rails application with a database and a log, for the page's initializer and model.
require "rails"
require "active_record/railtie"
require "redis"

module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.root = File.expand_path("..", __dir__)
    config.eager_load = false
    config.logger = Logger.new($stderr, level: Logger::ERROR)
  end
end
