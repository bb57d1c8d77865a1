# frozen_string_literal: true

require_relative 'restaurantsdbread'

RESTAURANTS = %w[outback bucadibeppo ihop chipotle].freeze

# The votes of every restaurant, in the order of RESTAURANTS.
def getvotes(database)
  counts = restaurantsdbread(database)
  RESTAURANTS.map { |name| { name: name, value: counts.fetch(name, 0) } }
end
