# frozen_string_literal: true

require_relative 'database'

# Counts a vote for a restaurant and returns its votes.
def restaurantsdbupdate(database, restaurant)
  database.write do |con|
    res = con.exec_params('UPDATE restaurants SET count = count +2 WHERE name = $1 RETURNING count', [restaurant])
    res.getvalue(0, 0).to_i
  end
end
