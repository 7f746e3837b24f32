import CLibpq

/// libpq's parameters that a database URL may carry. A value that libpq does not know would make every
/// attempt fail, for ever: it is a mistake of the URL.
enum ConnectOption: String, CaseIterable {
    case sslmode, sslrootcert, sslcert, sslkey, sslcrl
    case lowestTLS = "ssl_min_protocol_version"
    case channelBinding = "channel_binding"
    case gssencmode
    case requireAuth = "require_auth"

    /// Nil: whatever it says is for libpq to judge.
    var values: [String]? {
        switch self {
        case .sslmode: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
        case .lowestTLS: ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
        case .channelBinding: ["disable", "prefer", "require"]
        // We ask for no encryption by GSSAPI, whose handshake blocks.
        case .gssencmode: ["disable", "prefer", "require"]
        case .sslrootcert, .sslcert, .sslkey, .sslcrl, .requireAuth: nil
        }
    }

    /// As libpq compares them; an empty value is none to it.
    func allows(_ value: String) -> Bool {
        guard let values, !value.isEmpty else { return true }
        guard self == .lowestTLS else { return values.contains(value) }
        return values.contains { $0.lowercased() == value.lowercased() }
    }

    /// The library of this machine may be older than the option.
    var isKnownToLibrary: Bool {
        guard let known = PQconndefaults() else { return true }
        defer { PQconninfoFree(known) }
        var option = known
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == rawValue { return true }
            option += 1
        }
        return false
    }
}
