# frozen_string_literal: true

require 'connection_pool'
require 'redis'

# The page views counted so far.
class PageViews
  # Redis did not answer; the view may have been counted or not.
  class Unavailable < StandardError; end

  # Connects when first asked to, and again when Redis was restarted or replaced.
  def initialize(host:, port:)
    @pool = ConnectionPool.new(size: 16, timeout: 1) do
      # A repeated attempt may count one view twice. Unlike a vote, a view is not worth an error.
      Redis.new(host: host, port: port, timeout: 0.5, reconnect_attempts: 4, reconnect_delay: 0.05, reconnect_delay_max: 0.5)
    end
  end

  # Counts one more view and returns how many there were.
  def increment
    @pool.with { |redis| redis.incr('pageviews') }
  rescue Redis::BaseError, SocketError, SystemCallError, Timeout::Error => e
    raise Unavailable, "page views cannot be counted: yelb-redisserver: #{e.message.strip}"
  end
end
