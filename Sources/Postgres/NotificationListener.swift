package import EventLoop
package import Kernel

/// LISTEN on a connection of its own that comes back by itself.
package final class NotificationListener {
    package enum Event: Equatable, Sendable {
        case notification(channel: String, payload: String)
        /// Listening begins now, for the first time or again: what was sent before is lost, so look once.
        case mayHaveMissed
    }

    private let connector: Connector
    private let channels: [String]
    private let entropy: Entropy
    private let handler: (Event) -> Void
    private let ended = Wakeup()
    private var connection: PlainConnection?
    private var isStopped = false

    /// - Parameter channels: names of lower-case letters, digits and underscores.
    package init(
        _ connector: Connector, channels: [String], entropy: Entropy = .system,
        handler: @escaping (Event) -> Void
    ) {
        precondition(
            channels.allSatisfy { $0.utf8.allSatisfy(Migration.isNameByte) }, "a channel is badly named")
        (self.connector, self.channels, self.entropy, self.handler) = (connector, channels, entropy, handler)
    }

    /// Listens until `stop`, on the loop of `worker`.
    package func start(on worker: isolated Worker) {
        worker.spawn {
            await self.run()
        }
    }

    package func stop() {
        isStopped = true
        end()
    }

    private nonisolated(nonsending) func run() async {
        var backoff = Backoff()
        while !isStopped {
            if await listen() {
                backoff = Backoff()
                await ended.wait()
            } else {
                let delay = backoff.next(entropy).nanoseconds
                let timer = connector.reactor.schedule(afterNanoseconds: delay) { self.ended.wake() }
                await ended.wait()
                connector.reactor.cancel(timer)
            }
        }
    }

    private nonisolated(nonsending) func listen() async -> Bool {
        guard let connection = try? await connector.plainConnection() else { return false }
        let script = channels.map { "listen \($0)" }.joined(separator: ";")
        guard (try? await connection.run(script)) != nil, !isStopped else {
            connection.close()
            return false
        }
        self.connection = connection
        connection.onProgress = { [weak self] in self?.receive() }
        handler(.mayHaveMissed)
        receive()
        return true
    }

    private func receive() {
        guard let connection, connection.isOpen else { return }
        while connection.session.hasInput {
            guard connection.session.consumeInput() else { return end() }
        }
        // Parsing happens here; there is no result to come.
        _ = connection.session.isBusy
        while let (channel, payload) = connection.session.nextNotification() {
            handler(.notification(channel: channel, payload: payload))
        }
    }

    private func end() {
        connection?.close()
        connection = nil
        ended.wake()
    }
}
