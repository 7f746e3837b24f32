import Access
import Kernel
import Testing

@testable import Identity

@Suite struct RefusalBudgetTests {
    private let request = RefusedRequest(method: "GET", route: "/v1/me", requestID: "req")
    private let start = Timestamp(seconds: 1_800_000_000)

    private func unknown(_ address: String) -> Refusal { Refusal(.unknown, from: IPAddress(address)) }

    private func told(_ budget: inout RefusalBudget, _ refusal: Refusal, _ count: Int, at now: Timestamp)
        -> Int
    {
        (0..<count).count { _ in budget.tells(refusal, request, at: now) }
    }

    @Test func `ten of an address and minute are told, the rest is one sum`() {
        var budget = RefusalBudget()
        #expect(told(&budget, unknown("203.0.113.7"), 25, at: start) == 10)
        #expect(budget.takeSums(at: start).isEmpty)
        let sums = budget.takeSums(at: start + .minutes(1))
        #expect(sums.map(\.count) == [15])
        #expect(budget.takeSums(at: start + .minutes(2)).isEmpty)
    }

    @Test func `the next minute begins anew`() {
        var budget = RefusalBudget()
        #expect(told(&budget, unknown("203.0.113.7"), 25, at: start) == 10)
        #expect(told(&budget, unknown("203.0.113.7"), 25, at: start + .minutes(1)) == 10)
        #expect(budget.takeSums(at: start + .minutes(2)).map(\.count) == [30])
    }

    @Test func `addresses of one IPv6 network share a budget, mapped ones are IPv4`() {
        var budget = RefusalBudget()
        #expect(told(&budget, unknown("2001:db8:1:2::1"), 8, at: start) == 8)
        #expect(told(&budget, unknown("2001:db8:1:2:ffff::9"), 8, at: start) == 2)
        #expect(told(&budget, unknown("2001:db8:1:3::1"), 8, at: start) == 8)
        #expect(told(&budget, unknown("10.0.0.1"), 8, at: start) == 8)
        #expect(told(&budget, unknown("::ffff:10.0.0.1"), 8, at: start) == 2)
    }

    @Test func `a known token is not drowned by strangers at its address`() {
        var budget = RefusalBudget()
        let address = IPAddress("203.0.113.7")
        let known = Refusal.Known(
            token: AccessTokenID(UUID(high: 1, low: 1)), principal: PrincipalID(.user, UUID(high: 1, low: 2)),
            name: "a")
        #expect(told(&budget, unknown("203.0.113.7"), 100, at: start) == 10)
        #expect(told(&budget, Refusal(.revoked, known: known, from: address), 100, at: start) == 10)
    }

    @Test func `a flood from many addresses is bounded in rows and in memory, and counted in full`() {
        var budget = RefusalBudget()
        var toldCount = 0
        for low in 0..<100_000 as Range<UInt32> {
            let refusal = Refusal(.unknown, from: IPAddress(v4: low))
            if budget.tells(refusal, request, at: start) { toldCount += 1 }
        }
        #expect(toldCount == RefusalBudget.sourcesAtMost + RefusalBudget.toldPerMinute)
        let sums = budget.takeSums(at: start + .minutes(1))
        #expect(sums.count <= RefusalBudget.sourcesAtMost + 1)
        #expect(sums.reduce(toldCount) { $0 + $1.count } == 100_000)
    }

    private func failed(_ user: UserID?, from address: String = "203.0.113.7") -> Refusal {
        Refusal(loginOf: user, .wrongPassword, from: IPAddress(address))
    }

    private let ann = UserID(UUID(high: 1, low: 1))
    private let bea = UserID(UUID(high: 1, low: 2))

    @Test func `log-ins of each user have a budget and a sum of their own, whatever strangers try`() {
        var budget = RefusalBudget()
        #expect(told(&budget, failed(nil), 12, at: start) == 10)
        #expect(told(&budget, failed(ann), 13, at: start) == 10)
        #expect(told(&budget, failed(bea), 14, at: start) == 10)
        let sums = budget.takeSums(at: start + .minutes(1))
        let counts = Dictionary(uniqueKeysWithValues: sums.map { ($0.refusal.subject, $0.count) })
        #expect(counts == [.login(nil): 2, .login(ann): 3, .login(bea): 4])
    }

    @Test func `names that nobody has are told as often as users are, and are one sum`() {
        var budget = RefusalBudget()
        func typed(_ name: String) -> Refusal {
            Refusal(loginOf: nil, typed: name, .locked, from: IPAddress("203.0.113.7"))
        }
        for number in 0..<20 { #expect(told(&budget, typed("junk \(number)"), 11, at: start) == 10) }
        #expect(told(&budget, typed("candidate"), 1, at: start) == told(&budget, failed(ann), 1, at: start))
        #expect(budget.takeSums(at: start + .minutes(1)).map(\.count) == [20])
    }

    @Test func `of a crowd of addresses, too, each user's failures are the user's`() {
        var budget = RefusalBudget()
        for low in 0..<300 as Range<UInt32> {
            _ = budget.tells(Refusal(.unknown, from: IPAddress(v4: low)), request, at: start)
        }
        #expect(told(&budget, failed(ann), 5, at: start) == 0)
        #expect(told(&budget, failed(bea), 7, at: start) == 0)
        #expect(budget.takeSums(of: ann).map(\.count) == [5])
        #expect(budget.takeSums(of: bea).map(\.count) == [7])
    }

    @Test func `what waits of a user is taken at once, also of minutes that are over`() {
        var budget = RefusalBudget()
        _ = told(&budget, failed(ann), 12, at: start)
        _ = told(&budget, failed(bea), 11, at: start)
        _ = told(&budget, failed(ann), 13, at: start + .minutes(1))
        #expect(budget.takeSums(of: ann).map(\.count).sorted() == [2, 3])
        #expect(budget.takeSums(of: ann).isEmpty)
        #expect(budget.takeSums(at: start + .minutes(2)).map(\.refusal.subject) == [.login(bea)])
    }

    @Test func `sums are bounded, and what is beyond them is nobody's`() {
        var budget = RefusalBudget()
        var toldCount = 0
        for low in 0..<10_000 as Range<UInt64> {
            let user = UserID(UUID(high: 2, low: low))
            if budget.tells(failed(user), request, at: start) { toldCount += 1 }
        }
        let sums = budget.takeSums(at: start + .minutes(1))
        #expect(sums.count <= RefusalBudget.sumsAtMost + 1)
        #expect(sums.reduce(toldCount) { $0 + $1.count } == 10_000)
        #expect(sums.allSatisfy { $0.refusal.subject == .login(nil) || $0.count == 1 })
    }

    @Test func `sums that could not be written come back once`() {
        var budget = RefusalBudget()
        _ = told(&budget, unknown("203.0.113.7"), 12, at: start)
        let sums = budget.takeSums(at: start + .minutes(1))
        budget.giveBack(sums)
        #expect(budget.takeSums(at: start + .minutes(1)).map(\.count) == [2])
    }
}
