import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What somebody asks for when a user leaves.
struct OffboardingWish {
    /// Whatever is found.
    static let anything = "*"

    let isDryRun: Bool
    /// What the dry run said.
    let expect: String?
    let heir: UserID?
    let reason: String
}

/// A user leaves: everything that gave them something ends in one transaction, so that it holds on every node
/// at once; what they answered for goes to somebody else or stops; what they knew is put up for rotation.
struct Offboarding {
    let ledger: Ledger
    let steps: [LeavingStep]
    let keys: KeyTrail

    /// What was read before anybody waits.
    private struct History {
        let mark: UseMark
        /// Whose uses were counted.
        let helpers: [PrincipalID]
        let uses: [KeyUses]
    }

    /// Rolls back what was tried.
    private struct Tried: Error { let report: OffboardingReport }

    nonisolated(nonsending) func carryOut(
        _ wish: OffboardingWish, of id: UserID, _ context: Context
    ) async throws -> OffboardingReport {
        // The long part of their history is read before anybody waits for us.
        let mark = try await keys.mark(ledger.database)
        let helpers = try await PrincipalID(id).withHelpers(in: ledger.database)
        let before = try await ledger.database.transaction { transaction in
            try await keys.uses(helpers, .before(mark), transaction)
        }
        do {
            let isNew = try await ledger.change(context) { change in
                try await leave(id, wish, History(mark: mark, helpers: helpers, uses: before), change)
            }
            guard var report = try await OffboardingStore.latest(of: id, in: ledger.database) else {
                throw Problem.notFound("user")
            }
            report.isAlready = !isNew
            return report
        } catch let tried as Tried {
            return tried.report
        }
    }

    /// False when they had left already.
    private nonisolated(nonsending) func leave(
        _ id: UserID, _ wish: OffboardingWish, _ history: History, _ change: Change
    ) async throws -> Bool {
        try await OwnerRoster.lock(in: change.transaction)
        let user = try await PrincipalStore.locked(PrincipalID(id), in: change.transaction)
        try GrantRules.checkTouching(user, by: change.context)
        if let done = try await OffboardingStore.latest(of: id, in: change.transaction), done.isInForce {
            return false
        }
        try await check(wish, of: user, change)
        let bots = try await user.id.withBots(in: change.transaction).dropFirst()
        let leaver = Leaver(
            user: id, name: user.name, bots: Array(bots), heir: wish.heir, reason: wish.reason)
        let offboarding: OffboardingID = ledger.newID()
        // As they are before anything ends.
        let known = try await keys.known(leaver.everybody, change.transaction)
        let helpers = try await user.id.withHelpers(in: change.transaction)
        var findings = KeyFindings(try await keys.reach(helpers, change.transaction), known)
        findings.add(history.uses)
        let late = helpers.filter { !history.helpers.contains($0) }
        findings.add(try await keys.uses(late, .before(history.mark), change.transaction))
        var done = try await carryOutSteps(leaver, change)
        done.append(
            StepReport(
                name: StepReport.keys, things: try await keys.settle(leaver, known, offboarding, change)))
        let report = OffboardingReport(
            id: offboarding, user: id, at: change.context.now,
            by: change.context.actor.principal?.description, reason: wish.reason, heir: wish.heir,
            digest: done.digest(id, heir: wish.heir, known: findings.knownKeys), steps: try done.json)
        try await finish(user, leaver, report, findings, change)
        if wish.isDryRun {
            findings.add(try await keys.uses(helpers, .since(history.mark), change.transaction))
            throw Tried(report: report.tried(findings))
        }
        try check(wish, report)
        keep(report, findings, of: helpers, since: history.mark, change)
        return true
    }

    private nonisolated(nonsending) func carryOutSteps(
        _ leaver: Leaver, _ change: Change
    ) async throws -> [StepReport] {
        var done: [StepReport] = []
        for step in steps {
            done.append(StepReport(name: step.name, things: try await step.carryOut(leaver, change)))
        }
        return done
    }

    private nonisolated(nonsending) func check(
        _ wish: OffboardingWish, of user: Principal, _ change: Change
    ) async throws {
        guard user.id != change.context.actor.principal else {
            throw Problem(.conflict, "Nobody off-boards themselves: somebody else has to see the report.")
        }
        guard let heir = wish.heir else { return }
        let found = try await PrincipalStore.find(PrincipalID(heir), in: change.transaction)
        guard let found, found.status == .active, found.id != user.id else {
            throw Problem.wrongField("reassign_to", "names no other active user")
        }
    }

    private func check(_ wish: OffboardingWish, _ report: OffboardingReport) throws {
        guard wish.expect != OffboardingWish.anything, wish.expect != report.digest else { return }
        throw Problem(
            .conflict, "It is not any more what the dry run found. Nothing was changed: try it again.",
            members: [("expect", .string(report.digest))])
    }

    /// The user themselves, and what is told of it.
    private nonisolated(nonsending) func finish(
        _ user: Principal, _ leaver: Leaver, _ report: OffboardingReport, _ findings: KeyFindings,
        _ change: Change
    ) async throws {
        let stored = try await change.retire(user, reason: leaver.disableReason)
        if user.isOwner { try await OwnerRoster.checkSomebodyStays(in: change.transaction) }
        let known = JSONNumber(Int64(findings.knownKeys.count))
        change.audit(
            "users.offboard", user.id,
            detail: [
                "reason": .string(report.reason), "reassign_to": JSONValue(report.heir),
                "offboarding_id": .string(report.id.description), "keys_known": .number(known),
            ])
        change.emit(
            NewEvent(
                .userOffboarded, subject: user.id,
                data: stored.eventData([
                    ("reason", .string(report.reason)), ("reassign_to", JSONValue(report.heir)),
                    ("keys_known", .number(known)),
                ])))
    }

    /// Under the authority lock nothing of theirs is under way any more: the last uses are counted, and the
    /// report is complete.
    private func keep(
        _ report: OffboardingReport, _ findings: KeyFindings, of helpers: [PrincipalID],
        since mark: UseMark, _ change: Change
    ) {
        let keys = keys
        change.underAuthority { transaction in
            var findings = findings
            findings.add(try await keys.uses(helpers, .since(mark), transaction))
            try await OffboardingStore.insert(report, findings, in: transaction)
        }
    }
}

extension OffboardingReport {
    fileprivate func tried(_ findings: KeyFindings) -> OffboardingReport {
        var report = self
        let all = findings.sorted
        report.isDryRun = true
        report.counts = (
            Int64(all.count { !$0.could.isEmpty }), Int64(all.count { $0.uses > 0 }),
            Int64(all.count { !$0.saw.isEmpty })
        )
        let order = all.sorted {
            ($0.saw.isEmpty ? 1 : 0, -$0.uses, $0.key) < ($1.saw.isEmpty ? 1 : 0, -$1.uses, $1.key)
        }
        report.keys = order.prefix(Self.keysAtMost).map { KeyLine($0) }
        return report
    }
}

extension PrincipalID {
    private static let bots = Statement(
        "leaving_bots", "select id from principal where owner = $1 order by id")
    private static let helpers = Statement(
        "leaving_helpers",
        """
        select distinct t.principal from access_token t join principal p on p.id = t.principal
        where t.created_by = $1 and p.kind = 'service_account'
        order by 1
        """)

    /// A user, and the service accounts that they answer for.
    nonisolated(nonsending) func withBots(in source: any Queryable) async throws -> [PrincipalID] {
        let rows = try await source.query(Self.bots, .uuid(uuid))
        return [self] + rows.map { PrincipalID(.serviceAccount, $0.uuid(0)) }
    }

    /// A user, their service accounts, and those that they issued an access token of, whoever answers for
    /// them. What these did besides counts, too: rather too much than too little.
    nonisolated(nonsending) func withHelpers(in source: any Queryable) async throws -> [PrincipalID] {
        let own = try await withBots(in: source)
        let helpers = try await source.query(Self.helpers, .text(description)).map {
            PrincipalID(.serviceAccount, $0.uuid(0))
        }
        return own + helpers.filter { !own.contains($0) }
    }
}
