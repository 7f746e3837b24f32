package import EventLoop
package import Kernel

/// The HTTP server of one loop: its listeners and its connections.
package final class Server {
    package typealias Responder = (Request) async -> Response

    /// How a request is answered.
    package enum Answer {
        case now(Response)
        /// It must wait for something.
        case later(() async -> Response)
    }

    package let limits: ServerLimits
    let reactor: Reactor
    let clock: Clock
    let turnClock: TurnClock
    let answer: (Request) -> Answer
    /// What a request gets when the client sent no id of its own.
    let makeRequestID: () -> String
    /// Whether an id that a client sent may stand in answers and in the log: people send the wrong header.
    package var mayShow: (String) -> Bool = { _ in true }
    package var tls: TLSContext?
    /// One for all connections of the loop: an idle connection holds no buffer.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1_024, alignment: 16)
    /// The body of all requests that have none: nothing can change it.
    let noBody = RequestBody(source: nil, contentEncoding: nil)
    /// Set up once: it takes 270 KB.
    private(set) lazy var gzip = try? GzipEncoder()
    private(set) var isDraining = false

    private var listeners: [Listener] = []
    private(set) var connections: [ObjectIdentifier: Connection] = [:]
    private var perAddress: [IPAddress: Int] = [:]
    private var dateCache = DateCache()
    private let drained = Wakeup()
    private let serve: (Connection) -> Void

    package var connectionCount: Int { connections.count }

    package convenience init(
        limits: ServerLimits, reactor: Reactor, clock: Clock, tls: TLSContext?,
        makeRequestID: @escaping () -> String, spawn: @escaping (Connection) -> Void,
        respond: @escaping Responder
    ) {
        self.init(
            limits: limits, reactor: reactor, clock: clock, tls: tls, makeRequestID: makeRequestID,
            spawn: spawn, answer: { request in .later { await respond(request) } })
    }

    /// - Parameters:
    ///   - spawn: starts the task of a connection in the worker's isolation.
    ///   - answer: at once where nothing has to wait: a suspension that could be costs what it would cost.
    package init(
        limits: ServerLimits, reactor: Reactor, clock: Clock, tls: TLSContext?,
        makeRequestID: @escaping () -> String, spawn: @escaping (Connection) -> Void,
        answer: @escaping (Request) -> Answer
    ) {
        self.limits = limits
        self.reactor = reactor
        self.clock = clock
        self.tls = tls
        self.makeRequestID = makeRequestID
        self.serve = spawn
        self.answer = answer
        turnClock = TurnClock(clock, reactor)
        scheduleSweep()
    }

    deinit { scratch.deallocate() }

    /// - Returns: the address bound, with its port when 0 was asked for.
    package func listen(on address: SocketAddress) throws(SystemError) -> SocketAddress {
        let listener = try Listener(address, on: reactor) { [weak self] socket, peer in
            self?.accept(socket, peer)
        }
        listeners.append(listener)
        return listener.address
    }

    /// No new connections, idle ones end, busy ones after their answer. Returns when all are gone or time is
    /// up.
    package nonisolated(nonsending) func drain(graceNanoseconds: Int64) async {
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        for connection in connections.values { connection.drain() }
        let timer = reactor.schedule(afterNanoseconds: graceNanoseconds) { [drained] in drained.wake() }
        if !connections.isEmpty { await drained.wait() }
        reactor.cancel(timer)
        for connection in connections.values { connection.abort() }
    }

    private func accept(_ socket: consuming Socket, _ peer: SocketAddress) {
        guard admits(peer) else {
            Self.refuse(socket)
            return
        }
        socket.setNoDelay()
        guard let transport = Transport(socket, tls: tls) else { return }
        let connection = Connection(transport, peer: peer, server: self)
        do {
            try reactor.watch(connection.descriptor, handler: connection)
        } catch {
            return
        }
        connections[ObjectIdentifier(connection)] = connection
        if let address = peer.ip { perAddress[address, default: 0] += 1 }
        serve(connection)
    }

    private func admits(_ peer: SocketAddress) -> Bool {
        guard connections.count < limits.connections else { return false }
        guard let address = peer.ip, !(limits.exemptsLoopback && address.isLoopback) else { return true }
        return perAddress[address, default: 0] < limits.connectionsPerAddress
    }

    /// Best effort: a full server does not wait for the client to read.
    private static func refuse(_ socket: consuming Socket) {
        let fields = "retry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n"
        let answer = "HTTP/1.1 503 Service Unavailable\r\n\(fields)\r\n"
        Array(answer.utf8).withUnsafeBytes { _ = socket.write($0) }
    }

    func forget(_ connection: Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        reactor.unwatch(connection.descriptor)
        if let address = connection.peer.ip, let count = perAddress[address] {
            perAddress[address] = count == 1 ? nil : count - 1
        }
        if isDraining && connections.isEmpty { drained.wake() }
    }

    var date: [UInt8] { dateCache.bytes(at: turnClock.now()) }

    private func scheduleSweep() {
        _ = reactor.schedule(afterNanoseconds: limits.sweepNanoseconds) { [weak self] in
            guard let self else { return }
            let now = clock.monotonicNanoseconds()
            for connection in connections.values { connection.sweep(now: now) }
            scheduleSweep()
        }
    }
}

/// The Date header of this second.
struct DateCache {
    private var second: Int64 = .min
    private var text: [UInt8] = []

    mutating func bytes(at now: Timestamp) -> [UInt8] {
        if now.seconds != second {
            second = now.seconds
            text = HTTPDate(seconds: second).bytes
        }
        return text
    }
}
