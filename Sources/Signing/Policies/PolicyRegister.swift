import Access
package import Crypto
import Exchanges
import Kernel
import Keys
package import Postgres

/// Which policies of accounts and of the desk count: one list under one code, so that whoever writes to the
/// database can neither alter one of them nor take one away.
package struct PolicyRegister: Equatable, Sendable {
    /// Whom a policy binds: an account by what keys say of it, which stands under their own tags.
    struct Account: Hashable, Sendable {
        let exchange: String
        let environment: String
        let name: String
    }

    struct Entry: Equatable, Sendable {
        let owner: String
        /// Nil: of the desk.
        let account: Account?
        let mark: PolicyMark
    }

    private(set) var entries: [Entry] = []

    subscript(owner: String) -> Entry? { entries.first { $0.owner == owner } }

    subscript(account: Account) -> Entry? { entries.first { $0.account == account } }

    /// Puts it in the place of its owner's.
    mutating func set(_ entry: Entry) {
        entries.removeAll { $0.owner == entry.owner || ($0.account != nil && $0.account == entry.account) }
        entries.append(entry)
        entries.sort { $0.owner < $1.owner }
    }
}

extension PolicyRegister.Account {
    init(of key: ExchangeKey) {
        self.init(
            exchange: key.exchange.rawValue, environment: key.environment.rawValue, name: key.account)
    }
}

// MARK: As text

extension PolicyRegister {
    /// A line each: owner, version, digest, and of an account its exchange, environment and name, which has
    /// no line breaks.
    var text: String { entries.map(\.line).joined(separator: "\n") }

    /// What the code is over.
    var bytes: [UInt8] { Array("policy register\n\(text)".utf8) }

    init?(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let entry = Entry(line) else { return nil }
            entries.append(entry)
        }
    }
}

extension PolicyRegister.Entry {
    fileprivate var line: String {
        let words = [owner, String(mark.version), Hex.encode(mark.digest)]
        let more = account.map { [$0.exchange, $0.environment, $0.name] } ?? []
        return (words + more).joined(separator: " ")
    }

    fileprivate init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
        guard words.count == 3 || words.count == 6, let version = Int(words[1]),
            let digest = Hex.decode(String(words[2]))
        else { return nil }
        self.init(
            owner: String(words[0]),
            account: words.count == 3
                ? nil
                : PolicyRegister.Account(
                    exchange: String(words[3]), environment: String(words[4]), name: String(words[5])),
            mark: PolicyMark(version: version, digest: digest))
    }
}

// MARK: As a row

extension PolicyRegister {
    static let read = Statement(
        "policy_register_read",
        "select mac, entries from policy_register")
    static let lock = Statement(
        "policy_register_lock", "select mac, entries from policy_register for no key update")
    private static let put = Statement(
        "policy_register_put",
        """
        insert into policy_register (entries, mac) values ($1, $2)
        on conflict (one) do update set entries = excluded.entries, mac = excluded.mac
        """)

    /// The first one, which is empty, in the transaction that makes the installation's first keys.
    package nonisolated(nonsending) static func begin(
        in transaction: Transaction, by key: HMACKey
    ) async throws {
        let register = PolicyRegister()
        try await register.write(LastingTag.code(over: register.bytes, by: key), in: transaction)
    }

    /// Nil when the tag is not ours.
    init?(_ text: String, under tag: [UInt8], by book: KeyBook) throws {
        guard let register = PolicyRegister(text),
            ConstantTime.equal(try book.lastingTag(of: register.bytes), tag)
        else { return nil }
        self = register
    }

    nonisolated(nonsending) func write(_ tag: [UInt8], in transaction: Transaction) async throws {
        _ = try await transaction.query(Self.put, .text(text), .bytes(tag))
    }
}
