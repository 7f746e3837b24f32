import CCurl
import EventLoop
import Glibc

/// A libcurl multi handle on a reactor: the kept connections of one worker, and the transfers on them. It is
/// never emptied but replaced: when its last transfer is over and nobody holds it, its connections close.
final class ConnectionPool {
    /// Idle handles kept for reuse; each holds about 10 KB.
    private static let idleTransferLimit = 256
    /// Idle connections kept. Past it the oldest is closed.
    private static let idleConnectionLimit = 256

    private let multi: UnsafeMutableRawPointer
    private let reactor: Reactor
    private let settings: Transfer.Settings
    private let lines: OpenLines
    private var idle: [Transfer] = []
    private var sockets: [Int32: PoolSocket] = [:]
    private var isKicked = false
    private var deadline: TimerID?
    /// A callback failed: libcurl ends every transfer of this handle, and takes no more.
    private(set) var isBroken = false

    init(_ reactor: Reactor, _ settings: Transfer.Settings, _ lines: OpenLines) {
        CurlLibrary.start()
        guard let multi = curl_multi_init() else {
            preconditionFailure("no memory for a libcurl multi handle")
        }
        self.multi = multi
        self.reactor = reactor
        self.settings = settings
        self.lines = lines
        let me = Unmanaged.passUnretained(self).toOpaque()
        kcurl_multi_set_socket(multi, socketChanged)
        kcurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, me)
        kcurl_multi_set_timer(multi, timerChanged)
        kcurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, me)
        kcurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.idleConnectionLimit)
    }

    deinit {
        if let deadline { reactor.cancel(deadline) }
        for descriptor in sockets.keys { reactor.unwatch(descriptor) }
        idle.removeAll()
        kcurl_multi_set_socket(multi, nil)
        kcurl_multi_set_timer(multi, nil)
        curl_multi_cleanup(multi)
    }

    /// A handle for one request, to be given back.
    func borrow() -> Transfer? { idle.popLast() ?? Transfer(settings, lines: lines) }

    func giveBack(_ transfer: Transfer) {
        transfer.forget()
        if idle.count < Self.idleTransferLimit { idle.append(transfer) }
    }

    nonisolated(nonsending) func run(_ transfer: Transfer) async { await transfer.run(in: multi) }

    /// Ends it, if it is not over: its connection closes.
    func abort(_ transfer: Transfer, _ code: CURLcode) { transfer.finish(code, in: multi) }

    // MARK: Events

    fileprivate func act(on descriptor: Int32, _ events: Int32) {
        var running: Int32 = 0
        if curl_multi_socket_action(multi, descriptor, events, &running) != CURLM_OK { isBroken = true }
        finishTransfers()
    }

    private func finishTransfers() {
        var rest: Int32 = 0
        while let message = curl_multi_info_read(multi, &rest) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            var user: UnsafeMutableRawPointer?
            kcurl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &user)
            guard let user else { continue }
            // Removing the handle ends the message's life, so its result is read first.
            let code = message.pointee.data.result
            Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue().finish(code, in: multi)
        }
    }

    fileprivate func change(_ descriptor: Int32, _ what: Int32) -> Int32 {
        if what == CURL_POLL_REMOVE {
            reactor.unwatch(descriptor)
            sockets[descriptor] = nil
            return 0
        }
        var interest: Readiness = []
        if what & CURL_POLL_IN != 0 { interest.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.writable) }
        do {
            if sockets[descriptor] != nil {
                try reactor.change(descriptor, to: interest)
            } else {
                let socket = PoolSocket(descriptor, of: self)
                sockets[descriptor] = socket
                try reactor.watch(descriptor, for: interest, edgeTriggered: false, handler: socket)
            }
            return 0
        } catch {
            isBroken = true
            return -1
        }
    }

    /// libcurl wants to be called when `milliseconds` are over, or not at all (-1).
    fileprivate func setTimer(_ milliseconds: Int) {
        if milliseconds == 0 { return kick() }
        if let deadline { reactor.cancel(deadline) }
        deadline = nil
        guard milliseconds > 0 else { return }
        deadline = reactor.schedule(afterNanoseconds: Int64(milliseconds) * 1_000_000) { [weak self] in
            self?.deadline = nil
            self?.act(on: CURL_SOCKET_TIMEOUT, 0)
        }
    }

    /// Once a turn, for all the transfers that were added in it.
    private func kick() {
        guard !isKicked else { return }
        isKicked = true
        _ = reactor.schedule(afterNanoseconds: 0) { [weak self] in
            self?.isKicked = false
            self?.act(on: CURL_SOCKET_TIMEOUT, 0)
        }
    }
}

/// Readiness of one connection.
private final class PoolSocket: ReadinessHandler {
    private let descriptor: Int32
    /// The pool unwatches its sockets before it goes.
    private unowned let pool: ConnectionPool

    init(_ descriptor: Int32, of pool: ConnectionPool) { (self.descriptor, self.pool) = (descriptor, pool) }

    func ready(_ readiness: Readiness) {
        var events: Int32 = 0
        if readiness.contains(.readable) { events |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        pool.act(on: descriptor, events)
    }
}

// MARK: Callbacks

// No curl call from inside these: they only move the reactor's interest and timers.

private func socketChanged(
    _ easy: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t, _ what: Int32,
    _ user: UnsafeMutableRawPointer?, _ socket: UnsafeMutableRawPointer?
) -> Int32 {
    guard let user else { return -1 }
    return Unmanaged<ConnectionPool>.fromOpaque(user).takeUnretainedValue().change(descriptor, what)
}

private func timerChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let user else { return -1 }
    Unmanaged<ConnectionPool>.fromOpaque(user).takeUnretainedValue().setTimer(milliseconds)
    return 0
}
