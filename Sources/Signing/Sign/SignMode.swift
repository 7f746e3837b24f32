import Exchanges
import Kernel
import Keys

/// Where a signature may be handed out. One that is out can be used for whatever it does not cover, so a
/// policy holds it only as far as the exchange's recipe goes.
struct SignMode {
    let snapshot: KeySnapshot
    let request: UseRequest
    let market: Market
    let now: Timestamp

    /// The judgement of a request whose signature would be handed out: it is allowed where all that the
    /// signature is good for is, and limits are charged by the dearest of it.
    func hold(_ judgement: PolicyJudgement, of read: ReadUse) -> PolicyJudgement {
        var judgement = judgement
        let refusal = refusal(of: read) ?? mostOf(read, in: &judgement) ?? strangers(in: read)
        if let refusal { judgement.add(ClauseVerdict(.ways, .denied, reason: "\(refusal): use the proxy")) }
        return judgement
    }

    /// Why it is not handed out, whatever policies say.
    private func refusal(of read: ReadUse) -> String? {
        let exchange = Exchange.of(snapshot.facts.exchange)
        if exchange.hasPassphrase, !snapshot.key.isPassphraseDisclosable {
            return "a signed request to \(exchange.title) holds the key's passphrase, "
                + "and the key is not registered as passphrase_disclosable"
        }
        guard let draft = read.draft else { return nil }
        return exchange.name.classifier.refusesToSign(read.meaning, draft)
    }

    /// What no table states could be told by parameters that a read has no use for.
    private func strangers(in read: ReadUse) -> String? {
        read.draft.flatMap { snapshot.facts.exchange.classifier.refusesStrangers(read.meaning, $0) }
    }

    /// Charges the judgement with what the dearest reading costs.
    /// - Returns: why one of the readings is not allowed.
    private func mostOf(_ read: ReadUse, in judgement: inout PolicyJudgement) -> String? {
        for other in snapshot.reachable(read.others) {
            // A request that does not trade is neither charged nor told as an order.
            if other.meaning.operation == .trade, read.meaning.operation != .trade {
                return "\(also(other)), and an order is signed as what it is only"
            }
            let facts = snapshot.useFacts(request, as: other, market, at: now)
            if facts.isNotTraded { continue }
            let there = snapshot.policies.judge(facts)
            if let denial = there.denial { return "\(also(other)), which \(denial.clause) does not allow" }
            judgement.chargeAtLeast(there.charges)
        }
        return nil
    }

    private func also(_ other: OtherReading) -> String {
        "the signature would also fit \(other.method.rawValue) \(other.path) at \(other.host) "
            + "(\(other.meaning.operation.rawValue))"
    }
}

extension UseFacts {
    /// The exchange would refuse every order of it, because it knows no such instrument there.
    fileprivate var isNotTraded: Bool {
        guard meaning.problems.isEmpty, !meaning.orders.isEmpty else { return false }
        return meaning.orders.allSatisfy { order in
            guard let symbol = order.symbol else { return false }
            // `BTC-260731-90000-C`: options have no list here, and need none to be told from anything else.
            if order.instrument == .option { return !symbol.contains("-") }
            // The list of a spot host says nothing of contracts that are ordered there.
            if host == "spot", order.instrument != .spot, order.instrument != .margin { return false }
            return isListed && instruments[symbol] == nil
        }
    }
}
