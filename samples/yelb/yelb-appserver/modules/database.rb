# frozen_string_literal: true

require 'connection_pool'
require 'io/wait'
require 'pg'
require 'timeout'

# Connections to PostgreSQL, shared by the server's threads. None is made before it is needed, and one that broke, as all
# do when the database is restarted or replaced, is made again by whoever needs it next.
class Database
  # The database did not answer. A read had no effect; a write may have happened if it had been sent.
  class Unavailable < StandardError; end

  # What a connection that broke looks like, as opposed to a statement that is wrong.
  BROKEN = [PG::ConnectionBad, PG::UnableToSend, PG::AdminShutdown, PG::CrashShutdown].freeze

  ATTEMPTS = 4
  PAUSE = 0.1 # seconds, before the second attempt; longer before each further one

  # Seconds. A database that hangs must not keep all the server's threads: few may wait for it, and not for long.
  POOL_TIMEOUT = 1
  CONNECT_TIMEOUT = 1
  STATEMENT_TIMEOUT = 2

  def initialize(host:, port:)
    @pool = ConnectionPool.new(size: 16, timeout: POOL_TIMEOUT) { Connection.new(host: host, port: port) }
  end

  # Yields a connection to a block that changes nothing. If the connection breaks, the block runs again on a new one.
  def read(&block)
    explained do
      persist do
        @pool.with do |connection|
          connection.ready
          connection.use(&block)
        end
      end
    end
  end

  # Yields a connection to a block that changes something, and does so once: if the connection breaks now, nobody knows
  # whether the change was made, so the caller is told. One that was broken before is replaced first.
  def write(&block)
    explained do
      @pool.with do |connection|
        persist { connection.ready }
        connection.use(&block)
      end
    end
  end

  private

  # Runs the block until its connection does not break, ATTEMPTS times at most.
  def persist
    attempt = 1
    begin
      yield
    rescue *BROKEN
      raise if attempt == ATTEMPTS

      sleep PAUSE * attempt
      attempt += 1
      retry
    end
  end

  def explained
    yield
  rescue PG::Error, Timeout::Error => e
    raise Unavailable, "votes cannot be read or counted: yelb-db: #{e.message.strip}"
  end

  # One connection, used by one thread at a time.
  class Connection
    def initialize(host:, port:)
      @options = {
        host: host, port: port, dbname: 'yelbdatabase', user: 'yelb',
        application_name: 'yelb-appserver'
      }
    end

    # Connects if there is no connection, or if it was broken by the other side.
    def ready
      return if alive?

      close
      @con = Timeout.timeout(CONNECT_TIMEOUT) { PG.connect(@options) }
    end

    # Yields the connection, and forgets it if it breaks or takes too long.
    def use
      Timeout.timeout(STATEMENT_TIMEOUT) { yield @con }
    rescue PG::Error, Timeout::Error
      close
      raise
    end

    private

    # PostgreSQL says nothing between statements: something to read is a farewell.
    def alive?
      @con && !@con.socket_io.wait_readable(0)
    rescue PG::Error, IOError
      false
    end

    def close
      @con&.close
    rescue PG::Error
      nil # it was closed already
    ensure
      @con = nil
    end
  end
  private_constant :Connection
end
