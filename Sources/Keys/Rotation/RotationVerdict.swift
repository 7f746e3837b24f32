import Access
import Exchanges
import Kernel

/// What asking the exchange about the new version means for its rotation. Pure.
enum RotationVerdict: Equatable {
    case pass(ProbedPermissions)
    /// Nothing was learnt: the same again later.
    case again(Rotation.Obstacle)
    case fail(Rotation.Obstacle)

    /// - Parameters:
    ///   - known: what the exchange said of the version that is used now.
    ///   - attempts: this one included.
    init(_ outcome: ProbeOutcome, for key: ExchangeKey, known: ProbeRecord?, attempts: Int) {
        switch outcome {
        case .confirmed(let found):
            let known = known?.version == key.currentVersion ? known : nil
            self = Self.obstacle(in: found, for: key, known).map { .fail($0) } ?? .pass(found)
        case .unreachable, .refused(.unavailable), .refused(.throttled), .refused(.clockRefused),
            .refused(.unintelligible):
            self = .again(.init(code: outcome.name, sentence: outcome.detail ?? ""))
        case .refused:
            let obstacle = Rotation.Obstacle(code: outcome.name, sentence: outcome.detail ?? "")
            self = attempts <= Rotation.refusalsForgiven ? .again(obstacle) : .fail(obstacle)
        }
    }

    private static func obstacle(
        in found: ProbedPermissions, for key: ExchangeKey, _ known: ProbeRecord?
    ) -> Rotation.Obstacle? {
        if let old = known?.uid, let new = found.uid, old != new {
            return .init(
                code: "another_account", sentence: "It belongs to account \(new), the old one to \(old).",
                isResumable: false)
        }
        let had = known?.permissions.map { Set($0.compactMap { KeyPermission(rawValue: $0) }) }
        let declared = Set(key.permissions)
        if found.granted.contains(.withdraw),
            !declared.contains(.withdraw) || had?.contains(.withdraw) == false
        {
            return .init(
                code: "gained_withdraw",
                sentence: "It can withdraw, which the old one cannot: take that away at the exchange.")
        }
        let lost = declared.intersection(had ?? declared).subtracting(found.granted)
        if found.areTold, !lost.isEmpty {
            let names = KeyPermission.allCases.filter(lost.contains).map(\.rawValue)
            return .init(
                code: "lost_permission",
                sentence: "It lacks what the old one has: \(names.joined(separator: ", ")).")
        }
        let risks = found.risks
        guard !risks.isEmpty, key.risksAccepted == nil else { return nil }
        return .init(
            code: "risks_not_accepted",
            sentence:
                "Nobody answers for its risks (\(risks.joined(separator: ", "))): take them away at the "
                + "exchange, or accept them by verifying the key with `accept_risks`.")
    }
}
