import Access
import EventLoop
import HTTPServer
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// T12: nobody approves their own request, nor through their own bots, nor by a role that came to them while
/// it was pending. Every way of asking against every person who might approve and every history of their
/// role; by the service, and past it by whoever writes to the database.
@Suite(.serialized) struct OwnApprovalTests {
    /// Who asked.
    enum Requester: CaseIterable {
        case user, botOfUser, botWithTokenOfAnother, botWithTokenOfABot, botGivenAway
    }

    /// Who would approve, as far as they stand to the requester.
    enum Approver: CaseIterable {
        case requesterThemselves, owner, newOwner, issuer, ownerOfIssuer, stranger, botOfStranger
    }

    /// Since when they hold the role.
    enum Role: CaseIterable {
        case before, never, after, lapsed, denied, takenBack, takenAndGivenAgain, disabled
        case byGroupBefore, byGroupAfter, groupGotItAfter
    }

    private struct Case {
        let requester: Requester
        let approver: Approver
        let role: Role

        /// By a person who is not behind the request.
        var isOfOthers: Bool {
            switch approver {
            case .stranger: true
            case .newOwner: requester != .botGivenAway
            case .ownerOfIssuer: requester != .botWithTokenOfABot
            case .requesterThemselves, .owner, .issuer, .botOfStranger: false
            }
        }
    }

    private static let give = Statement("test_give_away", "update principal set owner = $2 where id = $1")
    private static let disable = Statement(
        "test_disable", "update principal set status = 'disabled' where id = $1")
    private static let vote = Statement(
        "test_vote",
        """
        insert into approval_vote (approval, approver, verdict, reason, solo, at)
        values ($1, $2, 'approve', 'past the service', $3, $4)
        """)
    private static let force = Statement(
        "test_force",
        "update approval set state = 'approved', approved_at = $2, due_at = $2 where id = $1")

    private static let lapse = Statement(
        "test_lapse", "update principal set expires_at = $2 where id = $1")

    private let time = MovableClock()

    /// A database for each of them: whoever might approve is looked for among all people of one.
    @Test(arguments: Requester.allCases)
    func `T12: whoever is behind a request, and whoever came to the role later, cannot approve it`(
        requester: Requester
    ) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let room = try await ApprovalRoom(database, time)
            var (allowed, refused) = (0, 0)
            for approver in Approver.allCases {
                for role in Role.allCases {
                    let way = Case(requester: requester, approver: approver, role: role)
                    if try await Self.attempt(way, room) { allowed += 1 } else { refused += 1 }
                }
            }
            // Who is not behind it, in three histories of their role: a stranger, a new owner and the owner
            // of an issuer, but for the one who is what they are called.
            let isBehind = requester == .botGivenAway || requester == .botWithTokenOfABot
            #expect(allowed == 3 * (isBehind ? 2 : 3))
            #expect(refused == 7 * 11 - allowed)
        }
    }

    /// - Returns: whether it could be approved.
    private nonisolated(nonsending) static func attempt(
        _ way: Case, _ room: ApprovalRoom
    ) async throws -> Bool {
        let cast = try await Cast(way.requester, room)
        let approver = cast.person(way.approver)
        try await before(way.role, UserID(approver.uuid), room)
        room.desk.time.advance(.seconds(1))
        let approval = try await room.park(
            by: cast.requester, token: cast.token, under: room.rule())
        room.desk.time.advance(.seconds(1))
        if way.requester == .botGivenAway {
            try await room.execute(give, .uuid(cast.requester.uuid), .id(cast.newOwner))
        }
        try await after(way.role, UserID(approver.uuid), room)
        let isFit = way.isOfOthers && [.before, .takenAndGivenAgain, .byGroupBefore].contains(way.role)
        let what = Comment(rawValue: "\(way)")
        if !isFit {
            for isSolo in [false, true] {
                let isRefused = try await room.isRefused(
                    vote, .id(approval.id), .uuid(approver.uuid), .bool(isSolo), .timestamp(room.now))
                #expect(isRefused, what)
            }
            #expect(try await room.isRefused(force, .id(approval.id), .timestamp(room.now)), what)
        }
        let refusal = try await room.refusal(of: approver, approving: approval.id)
        #expect((refusal == nil) == isFit, "\(way): \(refusal ?? "approved")")
        #expect(try await room.state(of: approval.id) == (isFit ? .approved : .pending), what)
        return refusal == nil
    }

    private nonisolated(nonsending) static func before(
        _ role: Role, _ person: UserID, _ room: ApprovalRoom
    ) async throws {
        switch role {
        case .before, .takenBack, .takenAndGivenAgain, .disabled, .denied:
            try await room.grant(.security, to: person)
        case .lapsed:
            try await room.grant(.security, to: person, until: room.now + .milliseconds(1_500))
        case .byGroupBefore: try await room.join(person, group: try await room.group(.security))
        case .groupGotItAfter: try await room.join(person, group: try await room.group(nil))
        case .never, .after, .byGroupAfter: break
        }
    }

    private nonisolated(nonsending) static func after(
        _ role: Role, _ person: UserID, _ room: ApprovalRoom
    ) async throws {
        switch role {
        case .before, .never, .lapsed, .byGroupBefore: break
        case .byGroupAfter: try await room.join(person, group: try await room.group(.security))
        case .groupGotItAfter: try await room.grantToGroups(of: person, .security)
        case .after: try await room.grant(.security, to: person)
        case .denied: try await room.grant(.security, to: person, effect: "deny")
        case .takenBack: try await room.ungrant(.security, from: person)
        case .takenAndGivenAgain:
            try await room.ungrant(.security, from: person)
            try await room.grant(.security, to: person)
        case .disabled: try await room.execute(disable, .id(person))
        }
    }

    @Test func `T12: one person counts once, however often they say it`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (asker, first, second) = (
                try await room.user(), try await room.user([.security]), try await room.user([.security])
            )
            let bot = try await room.bot(of: first, issuedBy: PrincipalID(first))
            let approval = try await room.park(by: PrincipalID(asker), under: room.rule(2))
            #expect(try await room.refusal(of: PrincipalID(first), approving: approval.id) == nil)
            #expect(try await room.refusal(of: PrincipalID(first), approving: approval.id) == "conflict")
            #expect(try await room.refusal(of: bot.id, approving: approval.id) == "human_required")
            let isRefused = try await room.isRefused(
                Self.vote, .id(approval.id), .uuid(bot.id.uuid), .bool(false), .timestamp(room.now))
            #expect(isRefused)
            #expect(try await room.state(of: approval.id) == .pending)
            #expect(try await room.refusal(of: PrincipalID(second), approving: approval.id) == nil)
            #expect(try await room.state(of: approval.id) == .approved)
        }
    }

    @Test
    func `T12: who once issued a bot a token is behind it, revoked or not; who broke glass decides nothing`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (owner, maker, glass) = (
                try await room.user(), try await room.user([.security]), try await room.user([.security])
            )
            let bot = try await room.bot(of: owner, issuedBy: PrincipalID(maker))
            try await room.desk.change(Desk.revoke, .id(bot.token), .timestamp(room.now))
            try await room.execute(Self.lapse, .id(glass), .timestamp(room.now + .hours(1)))
            let approval = try await room.park(by: bot.id, under: room.rule())
            #expect(approval.humans == [owner, maker].sorted())
            for person in [maker, glass] {
                #expect(try await room.refusal(of: PrincipalID(person), approving: approval.id) != nil)
                let isRefused = try await room.isRefused(
                    Self.vote, .id(approval.id), .id(person), .bool(false), .timestamp(room.now))
                #expect(isRefused)
            }
        }
    }

    @Test func `T12: what was asked for cannot be changed under those who approve it`() async throws {
        let changes = [
            Statement("test_requester", "update approval set requester = $2 where id = $1"),
            Statement("test_humans", "update approval set humans = array[$2] where id = $1"),
            Statement(
                "test_needs", "update approval set needs = '[{}]', revision = 2 where id = $1 and $2 = $2"),
            Statement("test_path", "update approval set path = '/' where id = $1 and $2 = $2"),
            Statement("test_digest", "update approval set digest = sha256('') where id = $1 and $2 = $2"),
            Statement("test_run", "update approval set state = 'running' where id = $1 and $2 = $2"),
            Statement("test_done", "update approval set state = 'executed' where id = $1 and $2 = $2"),
        ]
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (asker, other) = (try await room.user(), try await room.user([.security]))
            let approval = try await room.park(by: PrincipalID(asker), under: room.rule())
            for change in changes {
                #expect(
                    try await room.isRefused(change, .id(approval.id), .id(other)), "\(change.name)")
            }
            #expect(try await ApprovalStore.find(approval.id, in: database).requester == PrincipalID(asker))
        }
    }
}

/// The people around one request.
private struct Cast {
    let requester: PrincipalID
    let token: AccessTokenID?
    let owner: UserID
    let newOwner: UserID
    let issuer: PrincipalID
    let ownerOfIssuer: UserID
    let stranger: UserID
    let botOfStranger: PrincipalID

    nonisolated(nonsending) init(
        _ kind: OwnApprovalTests.Requester, _ room: ApprovalRoom
    ) async throws {
        owner = try await room.user()
        newOwner = try await room.user()
        ownerOfIssuer = try await room.user()
        stranger = try await room.user()
        botOfStranger = try await room.bot(of: stranger, issuedBy: PrincipalID(stranger)).id
        switch kind {
        case .botWithTokenOfAnother: issuer = PrincipalID(try await room.user())
        case .botWithTokenOfABot:
            issuer = try await room.bot(of: ownerOfIssuer, issuedBy: PrincipalID(ownerOfIssuer)).id
        case .user, .botOfUser, .botGivenAway: issuer = PrincipalID(owner)
        }
        guard kind != .user else {
            (requester, token) = (PrincipalID(owner), nil)
            return
        }
        let bot = try await room.bot(of: owner, issuedBy: issuer)
        (requester, token) = (bot.id, bot.token)
    }

    func person(_ approver: OwnApprovalTests.Approver) -> PrincipalID {
        switch approver {
        case .requesterThemselves: requester
        case .owner: PrincipalID(owner)
        case .newOwner: PrincipalID(newOwner)
        case .issuer: issuer
        case .ownerOfIssuer: PrincipalID(ownerOfIssuer)
        case .stranger: PrincipalID(stranger)
        case .botOfStranger: botOfStranger
        }
    }
}
