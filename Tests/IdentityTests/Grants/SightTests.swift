import Access
import EventLoop
import Exchanges
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

/// What a list shows is what a decision allows: the same grants over the same things, in Swift, by the
/// database's function, and by the condition that statements have written out.
@Suite(.serialized) struct SightTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let columns = Sight.Columns(
        id: "$2::uuid", exchange: "$3::text", environment: "$4::text", account: "$5::text",
        tags: "$6::text[]", owner: "$7::text")
    private static let ask = Statement(
        "test_sight",
        derived: [
            "select in_sight($1, $2, $3, $4, $5, $6, $7),", Sight.condition(1, columns),
        ].joined(separator: " "))

    private let random = SeededGenerator(seed: 11)

    private func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private func pick<Value>(_ all: [Value]) -> Value { all[below(all.count)] }
    private func owner() -> PrincipalID { PrincipalID(.user, UUID(high: 1, low: UInt64(below(3)))) }
    private func tags() -> [String] { ["a", "b", "c"].filter { _ in below(2) == 0 } }
    private func key() -> ExchangeKeyID { ExchangeKeyID(UUID(high: 2, low: UInt64(below(3)))) }
    private func place() -> Scope.Place {
        Scope.Place(
            exchange: pick([.binance, .okx]), environment: pick([.live, .demo]),
            account: pick(["main", "it's \"ö\" $x"]))
    }

    private func scope() -> Scope {
        switch below(6) {
        case 0: return .everything
        case 1: return .key(key())
        case 2: return .account(AccountID(UUID(high: 3, low: 1)), place())
        default:
            let place = place()
            let selector = Scope.Selector(
                exchange: pick([place.exchange, nil]), environment: pick([place.environment, nil]),
                account: pick([place.account, nil]), tags: pick([tags(), []]), owner: pick([owner(), nil]))
            return selector == Scope.Selector() ? .everything : .selector(selector)
        }
    }

    private func rights() -> Rights {
        let grants = (0..<below(5)).map { _ in
            GrantedRole(
                id: GrantID(UUID(high: 4, low: 4)), role: "a", permissions: [.keysRead],
                effect: below(4) == 0 ? .deny : .allow, scope: scope())
        }
        return Rights(grants, at: Self.now)
    }

    private func target() -> Target {
        let place = place()
        if below(4) == 0 {
            return Target(
                .account(AccountID(UUID(high: 3, low: 1))), exchange: place.exchange,
                environment: place.environment, account: place.account)
        }
        return Target(
            .key(key()), exchange: place.exchange, environment: place.environment, account: place.account,
            tags: tags(), owner: owner())
    }

    @Test func `lists and decisions agree`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            var seen = 0
            for round in 0..<2_000 {
                let (rights, target) = (rights(), target())
                let id: UUID? =
                    switch target.resource {
                    case .key(let id): id.uuid
                    case .account(let id): id.uuid
                    default: nil
                    }
                let row = try await database.query(
                    Self.ask, rights.sight(.keysRead).parameter, .uuid(id), .text(target.exchange.rawValue),
                    .text(target.environment.rawValue), .text(target.account), .textArray(target.tags),
                    .text(target.owner?.description)
                ).first
                let may = rights.may(.keysRead, on: target)
                #expect(row?.bool(0) == may, "round \(round): \(rights.sight(.keysRead)) \(target)")
                #expect(row?.bool(1) == may, "round \(round): \(rights.sight(.keysRead)) \(target)")
                if may { seen += 1 }
            }
            #expect((300...1_700).contains(seen), "\(seen)")
        }
    }
}
