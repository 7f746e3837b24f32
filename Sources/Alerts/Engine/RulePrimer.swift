import Access
import Events
import JSON
import Kernel
import Postgres

/// Makes a rule over first values know what was before it was enabled, before it takes its first event: it
/// would fire for everything else. A few pages a round, so that leases are renewed meanwhile; who is
/// interrupted begins again.
final class RulePrimer {
    private static let pagesAtOnce = 10

    private static let read = Statement(
        "rule_primed_read", "select shard, rule, content from rule_primed where shard = any ($1::smallint[])")
    private static let write = Statement(
        "rule_primed_write",
        """
        insert into rule_primed (shard, rule, content)
        select shard, $2, $3 from unnest($1::smallint[]) as shard
        on conflict (shard, rule) do update set content = excluded.content
        """)

    /// Rules and what they say, by the shards in which they know what was before.
    private struct Mark: Hashable {
        let shard: Int16
        let rule: AlertRuleID
        let content: Int64
    }

    /// A rule of which everything is read.
    struct Primed {
        let rule: AlertRule
        let shards: [Int16]
        let changes: [StateKey: GroupStates.Change]
        let forgotten: Int
    }

    enum Progress {
        case nothing
        /// What is still open may belong to the time before: nothing is decided until then.
        case waits
        case more
        case done(Primed)
    }

    private struct Work {
        let rule: AlertRule
        let serials: [Int16: Int64]
        var recall: RuleRecall

        var primed: Primed {
            let machine = RuleMachine(rule.content)
            var changes: [StateKey: GroupStates.Change] = [:]
            for group in recall.groups.values {
                let key = StateKey(rule.id, groupKey: Firing.key(of: group.values))
                guard let state = group.state, serials[key.shard] != nil, !machine.isIdle(state) else {
                    continue
                }
                changes[key] = GroupStates.Change(
                    content: rule.contentNumber,
                    stored: GroupStates.Stored(state: state.bytes, due: machine.due(state)))
            }
            return Primed(
                rule: rule, shards: serials.keys.sorted(), changes: changes, forgotten: recall.forgotten)
        }
    }

    private let database: Database
    private let rights: OwnerRights
    private let things: TargetSource
    private var marks: Set<Mark>?
    private var work: Work?
    /// The rules, as a configuration has them, and the shards of which nothing is left to do.
    private var settled: (configuration: Int64, serials: [Int16: Int64])?

    init(database: Database, rights: RightsReader, things: TargetSource) {
        (self.database, self.things) = (database, things)
        self.rights = OwnerRights(database: database, reader: rights)
    }

    func forgetAll() { (marks, work, settled) = (nil, nil, nil) }

    /// - Parameters:
    ///   - horizon: transactions below it are over.
    ///   - era: of what is written now.
    nonisolated(nonsending) func step(
        _ index: RuleIndex, _ held: [Int16: RuleShards.Held], horizon: UInt64, era: Int32, epoch: Int64
    ) async throws -> Progress {
        let (serials, rules) = (held.mapValues(\.serial), index.recalling)
        guard !rules.isEmpty else { return .nothing }
        if let settled, settled == (index.configuration, serials) { return .nothing }
        try await readMarks(of: held.keys.sorted())
        if let work, work.serials == serials, rules.contains(where: { $0.isSame(as: work.rule) }) {
            return try await go(on: work)
        }
        work = nil
        let known = marks ?? []
        let open = rules.filter { rule in
            !serials.keys.allSatisfy { shard in
                known.contains(Mark(shard: shard, rule: rule.id, content: rule.contentNumber))
            }
        }
        guard !open.isEmpty else {
            settled = (index.configuration, serials)
            return .nothing
        }
        let rights = try await rights.rights(ofRules: open, at: epoch)
        // Whose owner may not act takes nothing either, and waits.
        guard let rule = open.first(where: { rights.sight(of: $0) != nil }),
            let sight = rights.sight(of: rule)
        else { return .nothing }
        guard rule.begun.era < era || rule.begun.transaction < horizon else { return .waits }
        let eyes = HistoryEyes(sights: [sight], things: things)
        let recall = RuleRecall(rule, before: rule.begun, at: rule.updatedAt, eyes: eyes)
        return try await go(on: Work(rule: rule, serials: serials, recall: recall))
    }

    private nonisolated(nonsending) func go(on begun: Work) async throws -> Progress {
        var begun = begun
        work = nil
        for _ in 0..<Self.pagesAtOnce {
            if try await begun.recall.read(from: database) { continue }
            return .done(begun.primed)
        }
        work = begun
        return .more
    }

    private nonisolated(nonsending) func readMarks(of shards: [Int16]) async throws {
        guard marks == nil else { return }
        let rows = try await database.query(Self.read, .int16Array(shards))
        marks = Set(
            rows.map { Mark(shard: Int16($0.int(0)), rule: $0.id(1), content: $0.int64(2)) })
    }

    nonisolated(nonsending) static func write(_ primed: Primed, in transaction: Transaction) async throws {
        _ = try await transaction.query(
            write, .int16Array(primed.shards), .id(primed.rule.id), .int64(primed.rule.contentNumber))
    }

    /// After the commit.
    func apply(_ primed: Primed) {
        for shard in primed.shards {
            marks?.insert(Mark(shard: shard, rule: primed.rule.id, content: primed.rule.contentNumber))
        }
    }
}

extension AlertRule {
    fileprivate func isSame(as other: AlertRule) -> Bool {
        id == other.id && contentNumber == other.contentNumber
    }
}
