import Exchanges
import KeyFiles

/// What is to become of each credential that was found.
struct ImportPlan {
    /// How keys are called where files leave it open.
    struct Naming {
        var account: String?
        var environment: Environment
        var prefix: String?
    }

    enum Verdict: Equatable {
        /// The service has no such secret.
        case new
        /// The service was not asked, or cannot tell.
        case unchecked
        /// The service has it, under this id.
        case present(String)
        case twice(Int)
        case unusable(String)
        /// The service would not take it.
        case refused(String)
    }

    struct Entry {
        let number: Int
        let found: FoundCredential
        let account: String
        let label: String
        let environment: Environment
        var verdict: Verdict
    }

    private(set) var entries: [Entry] = []

    init(_ found: [FoundCredential], _ naming: Naming) {
        var labels: Set<[String]> = []
        for (index, credential) in found.enumerated() {
            let account = naming.account ?? credential.account ?? "main"
            let wanted = [naming.prefix, credential.label].compactMap(\.self).joined(separator: " ")
            let owner = [credential.exchange?.rawValue ?? credential.exchangeText, account]
            // What is not registered takes no label.
            let isNeeded = credential.verdict == .usable
            let label = Self.free(wanted) { !isNeeded || labels.insert(owner + [$0]).inserted }
            entries.append(
                Entry(
                    number: index + 1, found: credential, account: account, label: label,
                    environment: credential.environment ?? naming.environment,
                    verdict: Self.verdict(credential, naming)))
        }
    }

    /// Those that the service may be asked about, or get.
    var candidates: [Entry] {
        entries.filter { entry in entry.verdict == .new || entry.verdict == .unchecked }
    }

    mutating func note(_ verdict: Verdict, on number: Int) { entries[number - 1].verdict = verdict }

    private static func verdict(_ found: FoundCredential, _ naming: Naming) -> Verdict {
        switch found.verdict {
        case .twice(let first): return .twice(first + 1)
        case .refused(let refusal): return .unusable(refusal.sentence)
        case .usable: break
        }
        if found.environment == nil, let exchange = found.exchange,
            !Exchange.of(exchange).environments.contains(naming.environment)
        {
            return .unusable(ImportRefusal.environment(naming.environment.rawValue).sentence)
        }
        return .unchecked
    }

    /// A label is taken once for each exchange and account.
    private static func free(_ wanted: String, _ isFree: (String) -> Bool) -> String {
        var number = 1
        while !isFree(label(wanted, number)) { number += 1 }
        return label(wanted, number)
    }

    /// `wanted`, `wanted 2`, `wanted 3` …
    fileprivate static func label(_ wanted: String, _ number: Int) -> String {
        guard number > 1 else { return Printable.text(wanted) }
        let suffix = " \(number)"
        return wanted.prefix(Printable.charactersAtMost - suffix.count) + suffix
    }
}

extension ImportPlan.Entry {
    /// Under another label, since the service has a key of that name.
    func labelled(_ number: Int) -> ImportPlan.Entry {
        ImportPlan.Entry(
            number: self.number, found: found, account: account, label: ImportPlan.label(label, number),
            environment: environment, verdict: verdict)
    }
}

extension ImportPlan.Verdict: CustomStringConvertible {
    var description: String {
        switch self {
        case .new: "new"
        case .unchecked: "not checked"
        case .present(let key): key.isEmpty ? "already in Keybell" : "already in Keybell: \(key)"
        case .twice(let first): "twice: the same as \(first)"
        case .unusable(let why): "not usable: \(why)"
        case .refused(let why): "refused by Keybell: \(why)"
        }
    }
}
