package import Exchanges
import Kernel

/// What asking an exchange about a key came to.
package enum ProbeOutcome: Sendable, Equatable {
    case confirmed(ProbedPermissions)
    case refused(ProbeRefusal)
    /// No answer; why, for people.
    case unreachable(String)
}

extension ProbeOutcome {
    /// As stored and answered.
    var name: String {
        switch self {
        case .confirmed: "confirmed"
        case .unreachable, .refused(.unavailable): "unreachable"
        case .refused(.keyRefused): "key_refused"
        case .refused(.addressRefused): "address_refused"
        case .refused(.keyOrAddressRefused): "key_or_address_refused"
        case .refused(.permissionMissing): "permission_missing"
        case .refused(.clockRefused): "clock_refused"
        case .refused(.throttled): "throttled"
        case .refused(.unintelligible): "unintelligible"
        }
    }

    /// The exchange's own words, or ours.
    var detail: String? {
        switch self {
        case .confirmed: nil
        case .unreachable(let why): why
        case .refused(.keyRefused(let words)), .refused(.addressRefused(let words)),
            .refused(.keyOrAddressRefused(let words)), .refused(.permissionMissing(let words)),
            .refused(.clockRefused(let words)):
            words.code.isEmpty ? words.message : "\(words.code): \(words.message)"
        case .refused(.throttled(let seconds)):
            seconds.map { "Come again in \($0) s." } ?? "Too many requests."
        case .refused(.unavailable(let status)): "The exchange answered \(status)."
        case .refused(.unintelligible(let status)):
            "An answer (\(status)) that this exchange is not known to give."
        }
    }

    /// Whether the exchange had better not be asked about others, either, for a while.
    var wantsRest: Bool {
        switch self {
        case .unreachable, .refused(.unavailable), .refused(.throttled): true
        case .confirmed, .refused: false
        }
    }

    var permissions: ProbedPermissions? {
        if case .confirmed(let permissions) = self { permissions } else { nil }
    }
}

extension ProbeOutcome {
    /// Whether orders are believed to only reduce because of the account's mode that it told.
    func decidesMarks(of exchange: ExchangeName) -> Bool {
        guard let mode = permissions?.accountMode else { return false }
        return exchange.readsReduceOnly(in: mode)
    }
}

extension ProbeOutcome {
    private static let egress = "egress_address"

    /// What is known to be other than the record. An exchange that refuses the address tells of that alone.
    /// - Parameter sentFrom: what exchanges see of the addresses that the key's requests leave from, on all
    ///   nodes; empty where nobody told.
    func drift(
        of key: ExchangeKey, uid: String?, sentFrom: Set<IPAddress>, before: ProbeRecord?
    ) -> [String] {
        if let found = permissions {
            let isShutOut = sentFrom.contains { found.admits($0) == false }
            return key.drift(from: found, uid: uid) + (isShutOut ? [Self.egress] : [])
        }
        let known = before?.drift ?? []
        guard case .refused(.addressRefused) = self, !known.contains(Self.egress) else { return known }
        return known + [Self.egress]
    }
}

extension ExchangeKey {
    /// Where the exchange says other things than the record, in words that rules can match.
    /// - Parameter uid: what the record of its account says.
    func drift(from found: ProbedPermissions, uid: String?) -> [String] {
        var drift = found.list.filter { !permissions.contains($0) }.map { "permission:\($0.rawValue)" }
        if found.isAddressBound == false, !addresses.isEmpty { drift.append("no_address_restriction") }
        if found.isAddressBound == true, !found.addresses.isEmpty {
            let told = Set(found.addresses.compactMap { CIDR($0)?.shortText })
            if told.count == found.addresses.count, told != Set(addresses.map(\.shortText)) {
                drift.append("addresses")
            }
        }
        if let expiresAt = found.expiresAt, expiresAt != self.expiresAt { drift.append("expires_at") }
        if let uid, let told = found.uid, told != uid { drift.append("uid") }
        return drift
    }
}

/// Why somebody must answer for a key before it may be used.
enum KeyRisk: String {
    case withdraw
    case noAddressRestriction = "no_address_restriction"

    /// - Parameter isAddressBound: nil where the exchange does not tell.
    static func all(of granted: Set<KeyPermission>, isAddressBound: Bool?) -> [KeyRisk] {
        (granted.contains(.withdraw) ? [.withdraw] : [])
            + (isAddressBound == false ? [.noAddressRestriction] : [])
    }
}

extension ProbedPermissions {
    var risks: [String] { KeyRisk.all(of: granted, isAddressBound: isAddressBound).map(\.rawValue) }
}
