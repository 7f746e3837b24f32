import Exchanges
import Kernel
import Keys

/// Where a signature may be handed out. One that is out can be used for whatever it does not cover, so a
/// policy holds it only as far as the exchange's recipe goes.
enum SignMode {
    /// Why it is not, as a clause's reason; nil when it may be, or nothing is handed out.
    static func refusal(of way: UseWay, _ read: ReadUse, _ snapshot: KeySnapshot) -> String? {
        guard way == .sign else { return nil }
        let exchange = Exchange.of(snapshot.facts.exchange)
        if exchange.hasPassphrase {
            return "a signed request to \(exchange.title) holds the key's passphrase: use the proxy"
        }
        guard let draft = read.draft else { return nil }
        return exchange.name.classifier.refusesToSign(
            read.meaning, draft, allowing: snapshot.operations
        ).map { "\($0): use the proxy" }
    }
}
