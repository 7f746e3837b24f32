import CLinux
package import EventLoop
import Glibc
import Kernel

/// Finds a host that takes writes, walking the list in order, and opens sessions there.
package final class Connector {
    package let url: DatabaseURL
    package let settings: SessionSettings
    package let reactor: Reactor
    private let offLoop: OffLoop
    /// Tells why a host was passed over.
    package var onFailure: ((String) -> Void)?

    package init(_ url: DatabaseURL, settings: SessionSettings, reactor: Reactor, offLoop: OffLoop) {
        (self.url, self.settings, self.reactor, self.offLoop) = (url, settings, reactor, offLoop)
    }

    nonisolated(nonsending) func connect() async throws(PostgresError) -> Connection {
        for host in url.hosts {
            for address in await addresses(of: host) {
                guard let session = await session(host, address),
                    let connection = Connection(session, on: reactor)
                else { continue }
                if await takesWrites(connection) { return connection }
                connection.close()
            }
        }
        throw .unavailable
    }

    /// False when nobody says a word where statements go: a refusal is one, and a name without an address
    /// proves nothing. Of several hosts the first that is not silent counts.
    nonisolated(nonsending) func isAnswered(within limit: Period) async -> Bool {
        for host in url.hosts {
            let addresses = await addresses(of: host)
            if addresses.isEmpty { return true }
            for address in addresses {
                if await isAnswered(at: host, address, within: limit) { return true }
            }
        }
        return false
    }

    private nonisolated(nonsending) func isAnswered(
        at host: DatabaseURL.Host, _ address: String?, within limit: Period
    ) async -> Bool {
        do {
            let keywords = settings.keywords(url, host: host, address: address)
            try await Handshake.connect(keywords, within: limit, on: reactor).finish()
            return true
        } catch {
            return !error.isSilence
        }
    }

    /// A session outside a pipeline, for COPY and LISTEN, which pipelines do not carry.
    nonisolated(nonsending) func plainSession() async throws(PostgresError) -> Session {
        for host in url.hosts {
            for address in await addresses(of: host) {
                guard let probe = await session(host, address) else { continue }
                if url.hosts.count == 1 { return probe }
                guard let connection = Connection(probe, on: reactor) else { continue }
                let isPrimary = await takesWrites(connection)
                connection.close()
                if isPrimary, let session = await session(host, address) { return session }
            }
        }
        throw .unavailable
    }

    private nonisolated(nonsending) func session(_ host: DatabaseURL.Host, _ address: String?) async
        -> Session?
    {
        do {
            let keywords = settings.keywords(url, host: host, address: address)
            return try await Handshake.connect(keywords, within: settings.connectTimeout, on: reactor)
        } catch {
            onFailure?(error.reason)
            return nil
        }
    }

    private static let readOnly = Statement(
        "database_read_only",
        "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean")

    private nonisolated(nonsending) func takesWrites(_ connection: Connection) async -> Bool {
        // A single host is what was asked for; its refusal of a write says enough.
        if url.hosts.count == 1 { return true }
        let query = Query(Self.readOnly, [], mode: .shared)
        connection.send(query)
        let rows = try? await query.rows(within: settings.connectTimeout, on: reactor)
        return rows?.first?.bool(0) == false
    }

    /// Nil is "no address needed": a socket's folder. A name's addresses are looked up off the loop.
    private nonisolated(nonsending) func addresses(of host: DatabaseURL.Host) async -> [String?] {
        if host.isFolder || IPAddress(host.name) != nil { return [nil] }
        let name = host.name
        let found = try? await offLoop.run { resolve(name) }
        if found?.isEmpty != false { onFailure?("no address for \(name)") }
        return (found ?? []).map { $0 }
    }
}

/// Addresses of one name that are tried: enough for both families and a pair of hosts.
private let maximumAddresses = 4

private func resolve(_ name: String) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var found: [String] = []
    var next = list
    while let entry = next, found.count < maximumAddresses {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
            NI_NUMERICHOST)
        if code == 0 {
            found.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
        }
        next = entry.pointee.ai_next
    }
    return found
}
