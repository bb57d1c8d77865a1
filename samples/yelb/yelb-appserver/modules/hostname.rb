# frozen_string_literal: true

require 'socket'

HOSTNAME = Socket.gethostname

# The name of the machine that answers: of the task, in a container.
def hostname
  HOSTNAME
end
