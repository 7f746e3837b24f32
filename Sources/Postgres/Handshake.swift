import EventLoop
import Kernel

/// Brings one session up on the loop, within its own time limit (libpq's asynchronous mode has none).
final class Handshake: ReadinessHandler {
    private let session: Session
    private let reactor: Reactor
    private let progress = Wakeup()
    private var watched: Int32?
    private var isTimedOut = false

    private init(_ session: Session, _ reactor: Reactor) { (self.session, self.reactor) = (session, reactor) }

    func ready(_ readiness: Readiness) { progress.wake() }

    /// The connected session, or libpq's reason.
    static nonisolated(nonsending) func connect(
        _ settings: [(keyword: String, value: String)], within limit: Period, on reactor: Reactor
    ) async throws(ConnectFailure) -> Session {
        let session = Session(starting: settings)
        let handshake = Handshake(session, reactor)
        let timer = reactor.schedule(afterNanoseconds: limit.nanoseconds) {
            handshake.isTimedOut = true
            handshake.progress.wake()
        }
        let isConnected = await handshake.run()
        reactor.cancel(timer)
        handshake.unwatch()
        if isConnected { return session }
        defer { session.finish() }
        let isSilence = handshake.isTimedOut
        throw ConnectFailure(
            reason: isSilence ? "no answer within \(limit)" : session.message, isSilence: isSilence)
    }

    private nonisolated(nonsending) func run() async -> Bool {
        // Before the first poll libpq wants to write.
        var step = Session.Progress.wantsWrite
        while session.descriptor >= 0, !isTimedOut {
            guard watch(for: step == .wantsWrite ? .writable : .readable) else { return false }
            await progress.wait()
            if isTimedOut { return false }
            step = session.poll()
            if step == .connected { return true }
            if step == .failed { return false }
        }
        return false
    }

    /// Anew at each step: libpq may have closed the socket and opened another of the same number.
    private func watch(for interest: Readiness) -> Bool {
        unwatch()
        watched = session.descriptor
        return (try? reactor.watch(session.descriptor, for: interest, edgeTriggered: false, handler: self))
            != nil
    }

    private func unwatch() {
        if let watched { reactor.unwatch(watched) }
        watched = nil
    }
}

/// Why a session did not come up; for the log.
struct ConnectFailure: Error {
    var reason: String
    /// Nobody said a word.
    var isSilence: Bool
}
