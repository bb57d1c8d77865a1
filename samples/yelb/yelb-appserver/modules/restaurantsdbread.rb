# frozen_string_literal: true

require_relative 'database'

# The votes of all restaurants, by name.
def restaurantsdbread(database)
  database.read do |con|
    con.exec('SELECT name, count FROM restaurants').to_h { |row| [row['name'], row['count'].to_i] }
  end
end
