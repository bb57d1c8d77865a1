# frozen_string_literal: true

require_relative 'hostname'
require_relative 'pageviews'

# Who answers, and how many views there were; asking is a view.
def getstats(counter)
  { hostname: hostname, pageviews: counter.increment }
end
