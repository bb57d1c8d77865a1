# frozen_string_literal: true

# Yelb's app server: counts page views in Redis and votes in PostgreSQL.

require 'json'
require 'sinatra'

require_relative 'modules/getstats'
require_relative 'modules/getvotes'
require_relative 'modules/hostname'
require_relative 'modules/pageviews'
require_relative 'modules/restaurantsdbread'
require_relative 'modules/restaurantsdbupdate'

$stdout.sync = true

configure :production do
  set :port, 4567
  set :bind, '0.0.0.0'
  set :dbhost, 'yelb-db'
  set :redishost, 'yelb-redisserver'
end

configure :development, :test do
  set :port, 4567
  set :bind, '127.0.0.1'
  set :dbhost, '127.0.0.1'
  set :redishost, '127.0.0.1'
end

configure do
  set :server, :puma
  set :server_settings, {
    # Many more than the connections to the stores: while a store hangs, those who wait for it, a second at most, leave
    # some for /api/hostname, unless more than about a hundred requests a second want it.
    Threads: '4:128',
    # Longer than the proxies in front keep a connection, so that it is they who close an idle one: no request is sent
    # into a connection that is just being closed.
    persistent_timeout: 3700,
    # SIGTERM: no new connections, the requests in flight are answered, exit status 0.
    raise_exception_on_sigterm: false,
    force_shutdown_after: 20
  }
  disable :traps # Puma has its own

  # There are no sessions and no cookies to protect, and behind proxies Host is not what the browser asked for.
  disable :protection

  disable :logging
  use Rack::CommonLogger, $stdout

  set :database, Database.new(host: settings.dbhost, port: 5432)
  set :counter, PageViews.new(host: settings.redishost, port: 6379)
end

before do
  content_type 'text/plain'
  cache_control :no_store
  headers 'Yelb-Server' => hostname
end

get '/api/hostname' do
  hostname
end

get '/api/pageviews' do
  settings.counter.increment.to_s
end

get '/api/getstats' do
  content_type 'application/json'
  getstats(settings.counter).to_json
end

get '/api/getvotes' do
  content_type 'application/json'
  getvotes(settings.database).to_json
end

# A vote answers with the restaurant's count after it.
#
# Yelb's votes have always been GETs, and those stay. But a GET may be repeated by anything on its way (a browser, a
# proxy that hides a failure), and each repetition is a vote. The page therefore votes with POST, which nobody repeats
# once it was sent.
RESTAURANTS.each do |restaurant|
  vote = lambda do |*|
    restaurantsdbupdate(settings.database, restaurant).to_s
  end
  get("/api/#{restaurant}", &vote)
  post("/api/#{restaurant}", &vote)
end

error Database::Unavailable, PageViews::Unavailable do |failure|
  $stdout.puts "#{request.request_method} #{request.path}: #{failure.message}"
  content_type 'application/json'
  [503, { error: failure.message }.to_json]
end
