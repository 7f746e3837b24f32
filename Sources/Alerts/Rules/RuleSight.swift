import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Which of a rule's event types its owner may ever see: for the others it is silent, whatever happens.
struct RuleSight: Equatable {
    /// By name, own ones as `on` names them.
    let unseen: [String]
    private let isBlind: Bool

    /// - Parameter sight: nil of an owner who may not act at all.
    init(_ content: RuleContent, _ sight: EventSight?) {
        var (seen, unseen): (Int, [String]) = (0, [])
        for pattern in content.on {
            var types = pattern.types.filter(\.isOpenToRules).map { ($0, $0.name) }
            if pattern.takesCustom, let own = EventType("custom.any") { types.append((own, pattern.text)) }
            for (type, name) in types {
                if sight?.mayEverSee(type) == true {
                    seen += 1
                } else if !unseen.contains(name) {
                    unseen.append(name)
                }
            }
        }
        (self.unseen, isBlind) = (unseen, seen == 0)
    }

    var name: String { isBlind ? "none" : unseen.isEmpty ? "all" : "some" }

    /// Such a rule would never fire, and nobody would know.
    func refuseBlind() throws(FieldErrors) {
        guard isBlind else { return }
        let some = unseen.prefix(5).joined(separator: ", ")
        throw FieldErrors(
            FieldError(
                pointer: "/on", code: "unseen",
                message: "holds nothing that the rule's owner may read: \(some)"))
    }
}

extension AlertRuleEndpoints {
    /// Of each rule; as its owner's rights are now.
    nonisolated(nonsending) func sights(
        of rules: [AlertRule], in source: any Queryable
    ) async throws -> [RuleSight] {
        guard !rules.isEmpty else { return [] }
        let (epoch, _) = try await Authority.numbers(in: source)
        let rights = try await owners.rights(ofRules: rules, at: epoch)
        return rules.map { RuleSight($0.content, rights.sight(of: $0)) }
    }

    nonisolated(nonsending) func answer(_ rule: AlertRule) async throws -> Response {
        let sight = try await sights(of: [rule], in: rules.database).first
        return Response.json { w in rule.write(to: &w, sight) }.etag(rule.revision)
    }
}
