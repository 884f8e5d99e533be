# Carries out the test's commands with the page's initializer, model and token (README.md).
require_relative "config/application"

Rails.application.initialize!
require_relative "lib/token"

class ApplicationRecord < ActiveRecord::Base
  self.abstract_class = true
end

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define { create_table(:orders) { |table| table.text :title } }

def create(title)
  Order.create!(title: title)
  "created"
end

def roll_back(title)
  Order.transaction do
    Order.create!(title: title)
    raise ActiveRecord::Rollback
  end
  "rolled back"
end

$stdout.sync = true
while (line = $stdin.gets)
  command, argument = line.strip.split(" ", 2)
  puts({ "create" => -> { create(argument) }, "rollback" => -> { roll_back(argument) },
         "token" => -> { "token #{token_for(argument)}" } }.fetch(command).call)
end
