import Access
import EventLoop
import Events
import Exchanges
import Identity
import Kernel
import Postgres
import TestSupport

// Decisions and refreshes of one worker beside a scratch cluster with 1,000 users, 10,000 grants and 10,000
// keys: nine grants each on tags, and one user with as many as anybody may have. What it leaves out: sockets,
// HTTP, and the request itself.

let users = 1_000
let keys = 10_000
let worst = GrantedRole.limitPerPrincipal

func nanoseconds(_ count: Int, _ body: () -> Void) -> Double {
    let begin = Clock.system.monotonicNanoseconds()
    for _ in 0..<count { body() }
    return Double(Clock.system.monotonicNanoseconds() - begin) / Double(count)
}

func microseconds<Value>(_ body: nonisolated(nonsending) () async throws -> Value) async throws -> Double {
    let begin = Clock.system.monotonicNanoseconds()
    _ = try await body()
    return Double(Clock.system.monotonicNanoseconds() - begin) / 1_000
}

let fill = [
    """
    insert into principal (id, kind, name, name_folded, email, email_folded, status, created_at, updated_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'user', 'user ' || n, 'user ' || n,
        n || '@desk.example', n || '@desk.example', 'active', now(), now()
    from generate_series(1, \(users)) n
    """,
    """
    insert into access_grant (id, principal, role, scope, created_at)
    select gen_random_uuid(), p.id, (array['trader', 'bot', 'auditor'])[1 + n % 3],
        jsonb_build_object('tags', jsonb_build_array('t' || n, 'u' || (n * 7) % 50)), now()
    from principal p, generate_series(1, 10) n
    """,
    """
    insert into access_grant (id, principal, role, effect, scope, created_at)
    select gen_random_uuid(), '00000000-0000-7000-8000-000000000001',
        'trader', case when n % 10 = 0 then 'deny' else 'allow' end,
        jsonb_build_object('environment', 'live', 'tags', jsonb_build_array('w' || n, 'never')), now()
    from generate_series(1, \(worst - 10)) n
    """,
    """
    insert into access_token (id, principal, name, hash, hint, created_at, created_by)
    select p.id, p.id, 'a', sha256(convert_to(p.id::text, 'UTF8')), 'kbt_0000', now(), 'bench'
    from principal p
    """,
]

let readHashes = Statement("bench_hashes", derived: "select hash from access_token order by id")
let address = IPAddress(v4: 0x0A00_0001)

/// Keys of every tag that somebody has, and of others.
let targets = (0..<keys).map { number in
    Target(
        .key(ExchangeKeyID(UUID(high: 1, low: UInt64(number)))), exchange: .binance,
        environment: number % 2 == 0 ? .live : .testnet, account: "main",
        tags: ["t\(number % 12)", "w\(number % worst)", "u\(number % 50)"],
        owner: PrincipalID(.user, UUID(high: 1, low: UInt64(number % users))))
}

try await ScratchDatabase.make().withDatabase { _, database in
    let plain = try await database.connector.plainConnection()
    defer { plain.close() }
    for statement in fill { try await plain.run(statement) }
    try await plain.run("analyze")
    let ledger = Ledger(database: database, clock: .system, entropy: .system)
    let authenticator = Authenticator(ledger: ledger, refusals: Refusals())
    let hashes = try await database.query(readHashes).map { SecretHash($0.bytes(0)) }
    func load(_ hash: SecretHash) async throws -> Rights? {
        let now = Clock.system.now()
        let attempt = try await authenticator.begin(.presented(hash), from: address, now: now)
        let settled = try await authenticator.settle(attempt, from: address, now: now) ?? attempt
        guard case .caller(let caller) = settled.outcome else { return nil }
        return caller.rights
    }
    func change(_ touched: Touched) async throws {
        let context = Context.installation(now: Clock.system.now(), requestID: "bench")
        try await ledger.change(context) { $0.touch(touched) }
    }

    for (name, number) in [("usual", 1), ("worst", 0)] {
        guard let rights = try await load(hashes[number]) else { fatalError("no caller") }
        var (index, allowed) = (0, 0)
        let now = Clock.system.now()
        let decision = nanoseconds(200_000) {
            let target = targets[index % keys]
            if rights.may(.keysSign, on: target) { allowed += 1 }
            index += 1
        }
        let whole = nanoseconds(200_000) {
            guard let known = authenticator.known(.presented(hashes[number]), from: address, now: now)
            else { return }
            if known.caller.rights.may(.keysSign, on: targets[index % keys]) { allowed += 1 }
            index += 1
        }
        print("decision, \(name) token: \(decision / 1_000) µs; from its hash on \(whole / 1_000) µs")
        print("  (\(allowed) allowed)")
    }
    for known in [10, 100, users] {
        for hash in hashes.prefix(known) { _ = try await load(hash) }
        var (touched, others): ([Double], [Double]) = ([], [])
        for round in 0..<50 {
            let user = PrincipalID(
                .user, UUID(high: 0x7000, low: 0x8000_0000_0000_0000 | UInt64(round % 10 + 1)))
            try await change(.principal(user))
            touched.append(try await microseconds { try await load(hashes[round % 10]) })
            let begin = Clock.system.monotonicNanoseconds()
            let now = Clock.system.now()
            for hash in hashes.prefix(known) {
                _ = authenticator.known(.presented(hash), from: address, now: now)
            }
            others.append(Double(Clock.system.monotonicNanoseconds() - begin) / 1_000 / Double(known))
        }
        touched.sort()
        others.sort()
        print(
            "one change, \(known) tokens known: touched \(touched[25]) µs, each other \(others[25]) µs"
        )
    }
}
