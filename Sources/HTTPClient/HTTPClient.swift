package import EventLoop
package import Kernel

/// Outgoing HTTP of one worker: every request passes the address guard three times (all answers of the name,
/// every socket, every connection before use), redirects are never followed, connections are kept for at most
/// a minute. Not Sendable: it lives in its worker's isolation.
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
        package var connectionLifetime = Period.seconds(60)

        package init() {}
    }

    private let reactor: Reactor
    private let settings: Settings
    private let names: NameCache
    private let clock: Clock
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
        names = NameCache(resolver, on: reactor, clock: clock, lifetime: settings.nameLifetime)
        pool = ConnectionPool(reactor, settings.ofTransfers)
    }

    deinit {
        if let reaper { reactor.cancel(reaper) }
    }

    /// Sends one request and waits for its answer, whatever its status.
    package nonisolated(nonsending) func send(
        _ request: OutgoingRequest
    ) async throws(OutgoingError) -> OutgoingResponse {
        guard inFlight < settings.inFlightLimit else { throw .overloaded }
        inFlight += 1
        defer { inFlight -= 1 }
        let start = clock.monotonicNanoseconds()
        try request.checkHeaders()
        let addresses = try await checkedAddresses(of: request)
        let limits = try remaining(of: request.timeLimits, since: start)
        noteUse()
        // Held until the end: a pool that was replaced meanwhile lives on for its transfers.
        let pool = pool
        guard let transfer = pool.borrow() else { throw .other("no memory for a libcurl handle") }
        transfer.prepare(request, pinned: addresses, timeLimits: limits, addressGuard: addressGuard)
        let code = await pool.run(transfer)
        defer { pool.giveBack(transfer) }
        return try transfer.outcome(code, duration: elapsed(since: start))
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
        pool = ConnectionPool(reactor, settings.ofTransfers)
    }
}

// MARK: Steps

extension HTTPClient {
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

    private func elapsed(since start: UInt64) -> Period {
        Period(microseconds: Int64((clock.monotonicNanoseconds() &- start) / 1_000))
    }

    /// libcurl looks after old connections only when it opens new ones, so a pool that rests is given up by a
    /// timer.
    private func noteUse() {
        lastUse = clock.monotonicNanoseconds()
        if pool.isBroken { pool = ConnectionPool(reactor, settings.ofTransfers) }
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
            connectionLifetimeSeconds: Int(connectionLifetime.microseconds / 1_000_000))
    }
}
