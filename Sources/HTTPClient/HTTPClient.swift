package import EventLoop
package import Kernel

/// Outgoing HTTP of one worker: every request passes the address guard three times (all answers of the name,
/// every socket, every connection before use), redirects are never followed, connections are kept for a
/// while. Not Sendable: it lives in its worker's isolation.
package final class HTTPClient {
    package struct Settings: Sendable {
        package var userAgent = "Keybell"
        /// A PEM file of trusted authorities; nil: the system's.
        package var certificateAuthorityFile: String?
        /// Requests of this worker on their way at once: each may hold a descriptor and a body.
        package var inFlightLimit = 2_048
        package var resolveLimit = Period.seconds(5)
        /// How long an answer of the resolver is used again. Shorter than any sensible DNS time to live.
        package var nameLifetime = Period.seconds(5)
        /// How long a name that nobody answered for in time is not asked for again: the system's resolver may
        /// hold a thread for half a minute.
        package var unansweredLifetime = Period.seconds(0)
        /// Since its last use.
        package var connectionLifetime = Period.seconds(60)
        /// Since it was opened; after it, whoever comes next pays a handshake.
        package var connectionAge = Period.seconds(60)
        /// How long after an answer a connection may carry what must be sent once. Below the shortest time
        /// after which servers are known to close idle connections, which is five seconds.
        package var provenFor = Period.seconds(4)
        /// A streamed answer takes no longer, whatever its reader does.
        package var streamLimit = Period.seconds(120)
        /// Without a byte of a streamed answer that somebody waits for.
        package var stallLimit = Period.seconds(10)

        package init() {}
    }

    let reactor: Reactor
    let settings: Settings
    private let names: NameCache
    let clock: Clock
    private let lines: OpenLines
    private var addressGuard: AddressGuard
    private var pool: ConnectionPool
    private var reaper: TimerID?
    private var lastUse: UInt64 = 0
    /// Requests on their way.
    package private(set) var inFlight = 0

    package init(
        on reactor: Reactor, resolver: Resolver, addressGuard: AddressGuard, settings: Settings = Settings(),
        clock: Clock = .system
    ) {
        (self.reactor, self.settings, self.clock, self.addressGuard) = (
            reactor, settings, clock, addressGuard
        )
        names = NameCache(
            resolver, on: reactor, clock: clock, lifetime: settings.nameLifetime,
            unansweredLifetime: settings.unansweredLifetime)
        lines = OpenLines(clock: clock, provenFor: settings.provenFor)
        pool = ConnectionPool(reactor, settings.ofTransfers, lines)
    }

    deinit {
        if let reaper { reactor.cancel(reaper) }
    }

    /// Sends one request and waits for its answer, whatever its status.
    package nonisolated(nonsending) func send(
        _ request: OutgoingRequest
    ) async throws(OutgoingError) -> OutgoingResponse {
        var request = request
        request.responseLimits.streamedFromBytes = nil
        let run = try await carry(request)
        defer { run.end() }
        return try run.answer()
    }

    /// Takes new guard settings: kept connections and known names are given up, what is on its way ends under
    /// the old ones.
    package func setAddressGuard(_ addressGuard: AddressGuard) {
        self.addressGuard = addressGuard
        closeIdleConnections()
    }

    /// Gives up every kept connection; those in use close after their request.
    package func closeIdleConnections() {
        names.removeAll()
        pool = ConnectionPool(reactor, settings.ofTransfers, lines)
    }
}

// MARK: Steps

extension HTTPClient {
    /// Carries a request to the end of its answer, or to where the rest of it is streamed.
    nonisolated(nonsending) func carry(_ request: OutgoingRequest) async throws(OutgoingError) -> Run {
        guard inFlight < settings.inFlightLimit else { throw .overloaded }
        inFlight += 1
        var isHandedOver = false
        defer { if !isHandedOver { inFlight -= 1 } }
        let start = clock.monotonicNanoseconds()
        try request.checkHeaders()
        let addresses = try await checkedAddresses(of: request)
        noteUse()
        // Held until the end: a pool that was replaced meanwhile lives on for its transfers.
        let pool = pool
        guard let transfer = pool.borrow() else { throw .other("no memory for a libcurl handle") }
        let run = Run(transfer, in: pool, of: self, since: start)
        isHandedOver = true
        do {
            for isFresh in [false, true] {
                let limits = try remaining(of: request.timeLimits, since: start)
                transfer.prepare(
                    request, pinned: addresses, timeLimits: limits, addressGuard: addressGuard,
                    isFresh: isFresh)
                await run.go(request, limits)
                // Nothing was written: another connection was to be opened.
                if !transfer.isUnproven { break }
            }
        } catch {
            run.end()
            throw error
        }
        return run
    }

    func ended() { inFlight -= 1 }

    /// The addresses to pin, all of them admitted; empty when the URL itself is an address.
    private nonisolated(nonsending) func checkedAddresses(
        of request: OutgoingRequest
    ) async throws(OutgoingError) -> [IPAddress] {
        let url = request.url
        var addresses: [IPAddress] = []
        var judged: [IPAddress] = []
        switch url.host {
        case .address(let address): judged = [address]
        case .name(let name):
            let limit = min(settings.resolveLimit, request.timeLimits.connect, request.timeLimits.total)
            addresses = try await names.addresses(of: name, limit: limit)
            judged = addresses
        }
        let refusal = addressGuard.refusal(
            ofAll: judged, port: url.port, isPlain: url.isPlain, allowance: request.allowance)
        if let refusal { throw .refusedByPolicy(refusal) }
        return addresses
    }

    /// What the name lookup left of the limits.
    private func remaining(
        of limits: OutgoingRequest.TimeLimits, since start: UInt64
    ) throws(OutgoingError) -> OutgoingRequest.TimeLimits {
        let spent = elapsed(since: start)
        let total = Period(microseconds: limits.total.microseconds - spent.microseconds)
        let connect = Period(microseconds: limits.connect.microseconds - spent.microseconds)
        guard total.microseconds > 0, connect.microseconds > 0 else { throw .timeout(.resolve) }
        return OutgoingRequest.TimeLimits(connect: min(connect, total), total: total)
    }

    func elapsed(since start: UInt64) -> Period {
        Period(microseconds: Int64((clock.monotonicNanoseconds() &- start) / 1_000))
    }

    /// libcurl looks after old connections only when it opens new ones, so a pool that rests is given up by a
    /// timer.
    private func noteUse() {
        lastUse = clock.monotonicNanoseconds()
        if pool.isBroken { pool = ConnectionPool(reactor, settings.ofTransfers, lines) }
        if reaper == nil { scheduleReaper() }
    }

    private func scheduleReaper() {
        reaper = reactor.schedule(afterNanoseconds: settings.connectionLifetime.nanoseconds) { [weak self] in
            self?.reap()
        }
    }

    private func reap() {
        reaper = nil
        let isResting = inFlight == 0 && elapsed(since: lastUse) >= settings.connectionLifetime
        if isResting { closeIdleConnections() } else { scheduleReaper() }
    }
}

extension HTTPClient.Settings {
    var ofTransfers: Transfer.Settings {
        Transfer.Settings(
            userAgent: userAgent, certificateAuthorityFile: certificateAuthorityFile,
            idleLifetimeSeconds: Int(connectionLifetime.microseconds / 1_000_000),
            connectionLifetimeSeconds: Int(connectionAge.microseconds / 1_000_000), streamLimit: streamLimit)
    }
}
