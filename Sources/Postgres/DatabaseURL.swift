import Kernel

/// Where the database is: `postgres://user:password@host1:5432,host2:5432/name?sslmode=verify-full`.
/// A Unix socket's folder stands percent-encoded in place of a host, or in `?host=/run/postgresql`.
package struct DatabaseURL: Equatable, Sendable {
    package struct Host: Equatable, Sendable {
        /// A name, an address, or the folder of a socket.
        package var name: String
        package var port: UInt16

        package init(name: String, port: UInt16 = 5_432) { (self.name, self.port) = (name, port) }

        package var isFolder: Bool { name.hasPrefix("/") }
    }

    package var hosts: [Host]
    package var user: String?
    package var password: String?
    package var database: String?
    /// libpq's own keywords, such as `sslmode`.
    package var options: [String: String]

    package init(
        hosts: [Host], user: String? = nil, password: String? = nil, database: String? = nil,
        options: [String: String] = [:]
    ) {
        (self.hosts, self.user, self.password) = (hosts, user, password)
        (self.database, self.options) = (database, options)
    }

    /// Hosts that are tried in turn; more would make a fail-over take longer than giving up.
    package static let maximumHosts = 8
}

extension DatabaseURL {
    /// Whether the password and everything else crosses a network to somebody who has not proven who they
    /// are. A socket, or an address of this machine, crosses none.
    package var isOpenOnTheWay: Bool {
        guard options["sslmode"] != "verify-full" else { return false }
        return hosts.contains { host in
            !host.isFolder && host.name != "localhost" && IPAddress(host.name)?.isLoopback != true
        }
    }

    /// The files that its options name.
    package var files: [(option: String, path: String)] {
        // `system` is libpq's own word for the certificates that the system trusts.
        guard options["sslmode"]?.hasPrefix("verify-") == true,
            let path = options[ConnectOption.sslrootcert.rawValue], path != "system"
        else { return [] }
        return [(ConnectOption.sslrootcert.rawValue, path)]
    }

    package static let openOnTheWay =
        "the database is on another machine, and its URL does not say sslmode=verify-full: whoever is "
        + "between may read and change everything"
}

// MARK: Reading

package enum DatabaseURLError: Error, Equatable, Sendable, CustomStringConvertible {
    case scheme
    case host
    case port
    case encoding
    /// Cut at a character that belongs to the user or the password, it would show half of them.
    case unescaped
    case option(String)
    case value(option: String, of: [String])

    package var description: String {
        switch self {
        case .scheme: "a database URL begins with postgres://"
        case .host: "a database URL names 1 to \(DatabaseURL.maximumHosts) hosts, or ?host=/folder"
        case .port: "a database URL's port is a number from 1 to 65535"
        case .encoding: "a database URL has a broken percent-encoding"
        case .unescaped:
            "a database URL has @ / ? and # of its user and password percent-encoded: %40 %2F %3F %23"
        case .option(let name): "a database URL cannot have the option \(name)"
        case .value(let option, let values):
            "the option \(option) of a database URL is one of \(values.joined(separator: ", "))"
        }
    }
}

extension DatabaseURL {
    package init(_ text: String) throws(DatabaseURLError) {
        guard let scheme = ["postgres://", "postgresql://"].first(where: text.hasPrefix) else {
            throw .scheme
        }
        let (rest, query) = Self.split(String(text.dropFirst(scheme.count)), at: "?")
        let (authority, name) = Self.split(rest, at: "/")
        let pairs = (query ?? "").split(separator: "&").map { Self.split(String($0), at: "=") }
        // An @ that stands for no value is the end of somebody's password, where the authority has none.
        let behind = [name ?? ""] + pairs.map(\.0)
        guard authority.contains("@") || !behind.contains(where: { $0.contains("@") }) else {
            throw .unescaped
        }
        self.init(hosts: [], options: [:])
        database = try name.map(Self.decoded).flatMap { $0.isEmpty ? nil : $0 }
        try readAuthority(authority)
        for (key, value) in pairs {
            try readOption(Self.decoded(key), Self.decoded(value ?? ""))
        }
        guard (1...Self.maximumHosts).contains(hosts.count) else { throw .host }
    }

    private mutating func readAuthority(_ text: String) throws(DatabaseURLError) {
        var places = text
        if let at = text.lastIndex(of: "@") {
            let (user, password) = Self.split(String(text[..<at]), at: ":")
            self.user = try Self.decoded(user)
            self.password = try password.map(Self.decoded)
            places = String(text[text.index(after: at)...])
        }
        for place in places.split(separator: ",") { hosts.append(try Self.host(String(place))) }
    }

    private mutating func readOption(_ key: String, _ value: String) throws(DatabaseURLError) {
        switch key {
        case "host":
            let port = hosts.first?.port ?? 5_432
            hosts = value.split(separator: ",").map { Host(name: String($0), port: port) }
        case "port":
            let port = try Self.port(value)
            hosts = hosts.map { Host(name: $0.name, port: port) }
        case "user": user = value
        case "password": password = value
        case "dbname": database = value
        default:
            guard let option = ConnectOption(rawValue: key), option.isKnownToLibrary else {
                throw .option(key)
            }
            if let values = option.values, !option.allows(value) {
                throw .value(option: key, of: values)
            }
            options[key] = value
        }
    }

    private static func host(_ text: String) throws(DatabaseURLError) -> Host {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .host }
            let port = text[text.index(after: end)...]
            let name = String(text[text.index(after: text.startIndex)..<end])
            return Host(name: name, port: port.isEmpty ? 5_432 : try Self.port(String(port.dropFirst())))
        }
        let (name, port) = split(text, at: ":")
        return Host(name: try decoded(name), port: try port.map(Self.port) ?? 5_432)
    }

    private static func port(_ text: String) throws(DatabaseURLError) -> UInt16 {
        guard let port = UInt16(text), port > 0 else { throw .port }
        return port
    }

    private static func split(_ text: String, at separator: Character) -> (String, String?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (String(text[..<index]), String(text[text.index(after: index)...]))
    }

    private static func decoded(_ text: String) throws(DatabaseURLError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, !digits.hasPrefix("+"), let value = UInt8(digits, radix: 16),
                value != 0
            else { throw .encoding }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .encoding }
        return decoded
    }
}

extension DatabaseURL: CustomStringConvertible, CustomReflectable {
    /// Without the password, for logs.
    package var description: String {
        let places = hosts.map { $0.isFolder ? $0.name : "\($0.name):\($0.port)" }.joined(separator: ",")
        return "postgres://\(user.map { "\($0)@" } ?? "")\(places)/\(database ?? "")"
    }

    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
