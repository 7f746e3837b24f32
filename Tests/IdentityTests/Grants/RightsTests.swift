import Access
import Exchanges
import JSON
import Kernel
import Testing

/// What grants give together, without a database.
struct RightsTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let owner = PrincipalID(.user, UUID(high: 1, low: 1))
    private static let other = PrincipalID(.user, UUID(high: 1, low: 2))
    private static let id = ExchangeKeyID(UUID(high: 2, low: 1))

    private func grant(
        _ permissions: Set<Permission>, _ effect: GrantEffect = .allow, on scope: Scope = .everything,
        until expiresAt: Timestamp? = nil
    ) -> GrantedRole {
        GrantedRole(
            id: GrantID(UUID(high: 3, low: 1)), role: "some", permissions: permissions, effect: effect,
            scope: scope, expiresAt: expiresAt)
    }

    private func rights(_ grants: GrantedRole..., scopes: [Permission]? = nil) -> Rights {
        Rights(grants, scopes: scopes, at: Self.now)
    }

    private func key(
        _ exchange: ExchangeName = .binance, _ environment: Environment = .live, account: String = "main",
        tags: [String] = ["mm"], owner: PrincipalID = owner
    ) -> Target {
        Target(
            .key(Self.id), exchange: exchange, environment: environment, account: account, tags: tags,
            owner: owner)
    }

    private func selector(
        _ exchange: ExchangeName? = nil, _ environment: Environment? = nil, account: String? = nil,
        tags: [String] = [], owner: PrincipalID? = nil
    ) -> Scope {
        .selector(
            .init(exchange: exchange, environment: environment, account: account, tags: tags, owner: owner))
    }

    @Test func `nobody may do anything without a grant`() {
        let none = rights()
        for permission in Permission.allCases { #expect(!none.may(permission, on: key())) }
        #expect(none.somewhere.isEmpty && none.everywhere.isEmpty)
        #expect(none.sight(.keysRead).json == ["allow": [], "deny": []])
    }

    @Test func `a grant in a scope gives there what is about keys, and nothing else anywhere`() {
        let rights = rights(grant([.keysRead, .candlesRead], on: selector(nil, .live, tags: ["mm"])))
        #expect(rights.everywhere == [] && rights.somewhere == [.keysRead])
        #expect(rights.may(.keysRead, on: key()))
        #expect(rights.may(.keysRead, on: key(tags: ["a", "mm"])))
        #expect(!rights.may(.keysRead, on: key(tags: ["a"])))
        #expect(!rights.may(.keysRead, on: key(.binance, .testnet)))
        #expect(!rights.may(.candlesRead, on: key()))
        #expect(!rights.may(.keysSign, on: key()))
    }

    @Test func `each condition of a selector counts`() {
        for (scope, matches) in [
            (selector(.binance), true), (selector(.kraken), false), (selector(nil, .live), true),
            (selector(nil, .testnet), false), (selector(account: "main"), true),
            (selector(account: "x"), false),
            (selector(tags: ["mm"]), true), (selector(tags: ["mm", "x"]), false),
            (selector(owner: Self.owner), true), (selector(owner: Self.other), false),
            (.key(Self.id), true), (.key(ExchangeKeyID(UUID(high: 2, low: 2))), false),
        ] {
            #expect(scope.matches(key()) == matches, "\(scope)")
            #expect(rights(grant([.keysRead], on: scope)).may(.keysRead, on: key()) == matches, "\(scope)")
        }
    }

    @Test func `a grant on an account is on its keys, also on those that come later`() {
        let id = AccountID(UUID(high: 4, low: 1))
        let place = Scope.Place(exchange: .binance, environment: .live, account: "main")
        let rights = rights(grant([.keysRead, .accountsRead], on: .account(id, place)))
        let account = Target(.account(id), exchange: .binance, environment: .live, account: "main")
        #expect(rights.may(.accountsRead, on: account) && rights.may(.keysRead, on: key()))
        #expect(!rights.may(.keysRead, on: key(account: "second")))
        // As a client writes it, it is of nothing.
        #expect(!Scope.account(id, nil).matches(account))
    }

    @Test func `denial wins, wherever it stands and whichever came first`() {
        let all = grant([.keysRead, .keysSign, .candlesRead])
        for denial in [
            grant([.keysSign], .deny), grant([.keysSign], .deny, on: selector(.binance)),
            grant([.keysSign], .deny, on: .key(Self.id)),
        ] {
            for rights in [rights(all, denial), rights(denial, all)] {
                #expect(!rights.may(.keysSign, on: key()))
                #expect(rights.may(.keysRead, on: key()))
                #expect(rights.everywhere == [.keysRead, .candlesRead])
            }
        }
        let partial = rights(all, grant([.keysSign], .deny, on: selector(.binance)))
        #expect(partial.may(.keysSign, on: key(.kraken)) && partial.somewhere.contains(.keysSign))
        #expect(partial.sight(.keysSign).json == ["allow": [[:]], "deny": [["exchange": "binance"]]])
        #expect(rights(all, grant([.keysSign], .deny)).somewhere == [.keysRead, .candlesRead])
    }

    @Test func `a denial on some keys takes nothing away that is not about keys`() {
        let rights = rights(
            grant([.candlesRead, .keysRead]),
            grant([.candlesRead, .keysRead], .deny, on: selector(nil, .live)))
        #expect(rights.everywhere == [.candlesRead])
        #expect(!rights.may(.keysRead, on: key()) && rights.may(.keysRead, on: key(.binance, .testnet)))
    }

    @Test func `what lapsed counts no more, denials neither, and the next lapse is told`() {
        let (soon, later) = (Self.now + .seconds(1), Self.now + .seconds(2))
        let grants = [
            grant([.keysRead], until: soon), grant([.keysSign], until: later),
            grant([.keysSign], .deny, until: soon), grant([.keysAway], until: Self.now),
        ]
        let first = Rights(grants, at: Self.now)
        #expect(first.everywhere == [.keysRead] && first.lapsesAt == soon)
        let second = Rights(grants, at: soon)
        #expect(second.everywhere == [.keysSign] && second.lapsesAt == later)
        #expect(Rights(grants, at: later) == .none)
    }

    @Test func `scopes of an access token only ever take away`() {
        let all = grant([.keysRead, .keysSign], on: selector(.binance))
        let narrowed = rights(all, grant([.candlesRead]), scopes: [.keysRead, .keysAway])
        #expect(narrowed.somewhere == [.keysRead] && narrowed.everywhere == [])
        #expect(!narrowed.may(.keysSign, on: key()) && !narrowed.may(.keysAway, on: key()))
        #expect(rights(grant([.keysRead]), grant([.keysRead], .deny), scopes: []).somewhere == [])
    }

    @Test func `whoever grants must hold it on all that the scope is of, for as long`() {
        let live = rights(grant([.keysRead], on: selector(nil, .live)))
        #expect(live.covers(.keysRead, on: selector(nil, .live)))
        #expect(live.covers(.keysRead, on: selector(.binance, .live, tags: ["a"])))
        #expect(!live.covers(.keysRead, on: selector(.binance)))
        #expect(!live.covers(.keysRead, on: .everything))
        #expect(!live.covers(.keysSign, on: selector(nil, .live)))
        #expect(live.covers(.keysRead, on: .key(Self.id), key()))
        #expect(!live.covers(.keysRead, on: .key(Self.id), key(.binance, .testnet)))
        #expect(!live.covers(.keysRead, on: .key(Self.id)))

        let denied = rights(grant([.keysRead]), grant([.keysRead], .deny, on: selector(tags: ["a"])))
        #expect(!denied.covers(.keysRead, on: selector(nil, .live)), "a key there may have the tag")
        #expect(!denied.covers(.keysRead, on: .everything))
        let elsewhere = rights(grant([.keysRead]), grant([.keysRead], .deny, on: selector(nil, .testnet)))
        #expect(elsewhere.covers(.keysRead, on: selector(nil, .live)))

        let soon = Self.now + .seconds(9)
        let boxed = rights(grant([.keysRead], until: soon))
        #expect(boxed.covers(.keysRead, on: .everything, until: soon))
        #expect(!boxed.covers(.keysRead, on: .everything, until: soon + .seconds(1)))
        #expect(!boxed.covers(.keysRead, on: .everything))
    }

    @Test func `scopes are read strictly, and written as they are read`() throws {
        for (text, scope) in [
            ("{}", Scope.everything),
            (#"{"environment":"live","tags":["b","a"]}"#, selector(nil, .live, tags: ["a", "b"])),
            (#"{"resource":"\#(Self.id)"}"#, .key(Self.id)),
            (
                #"{"exchange":"kraken","account":"main","owner_id":"\#(Self.owner)"}"#,
                selector(.kraken, account: "main", owner: Self.owner)
            ),
        ] {
            #expect(try read(text) == scope)
            #expect(Scope(stored: scope.stored) == scope)
            #expect(try read(String(decoding: scope.json.bytes, as: UTF8.self)) == scope)
        }
        let place = Scope.Place(exchange: .okx, environment: .testnet, account: "a")
        let account = Scope.account(AccountID(UUID(high: 4, low: 1)), place)
        #expect(Scope(stored: account.stored) == account)
        #expect(Scope(stored: ["exchange": "nowhere"]) == nil, "a condition is never dropped")
        #expect(Scope(stored: ["colour": "red"]) == nil)
    }

    @Test(arguments: [
        (#"{"tag":"a"}"#, "/on/tag"), (#"{"tags":[]}"#, "/on/tags"), (#"{"tags":null}"#, "/on/tags"),
        (#"{"tags":["A"]}"#, "/on/tags/0"), (#"{"exchange":"binanse"}"#, "/on/exchange"),
        (#"{"resource":"usr_01k"}"#, "/on/resource"), (#"{"environment":null}"#, "/on/environment"),
        (#"{"resource":"key_00000000020000000000000001","exchange":"okx"}"#, "/on/resource"),
        (#"{"account":""}"#, "/on/account"), (#"{"owner_id":"key_1"}"#, "/on/owner_id"), ("[]", "/on"),
    ])
    func `a scope that does not fit is refused where it does not`(_ text: String, _ pointer: String) throws {
        let errors = #expect(throws: FieldErrors.self) { try read(text) }
        #expect(errors?.errors.map(\.pointer).contains(pointer) == true, "\(text) \(errors?.errors ?? [])")
    }

    @discardableResult
    private func read(_ text: String) throws -> Scope {
        var fields = try Fields(Array(#"{"on":\#(text)}"#.utf8))
        let scope = Scope.read("on", in: &fields)
        try fields.finish()
        return scope
    }
}
