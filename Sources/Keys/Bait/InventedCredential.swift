import Crypto
import Exchanges
import Kernel

/// Credentials of decoys: of the length and the letters that each exchange gives out, and known to none.
struct InventedCredential {
    private static let hex = Array("0123456789abcdef")
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    private static let base64 = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    let apiKey: String
    let secret: String
    let passphrase: String?

    init(for exchange: ExchangeName, _ entropy: Entropy) {
        let text = { (count: Int, alphabet: [Character]) in
            String((0..<count).map { _ in alphabet[Int(entropy.number(below: UInt64(alphabet.count)))] })
        }
        let uuid = { [8, 4, 4, 4, 12].map { text($0, Self.hex) }.joined(separator: "-") }
        let word = { text(12, Self.letters) }
        switch exchange {
        case .binance: (apiKey, secret, passphrase) = (text(64, Self.letters), text(64, Self.letters), nil)
        case .bybit: (apiKey, secret, passphrase) = (text(18, Self.letters), text(36, Self.letters), nil)
        case .okx: (apiKey, secret, passphrase) = (uuid(), text(32, Self.hex).uppercased(), word())
        case .kraken:
            (apiKey, secret, passphrase) = (text(56, Self.base64), Base64.encode(entropy.bytes(64)), nil)
        case .coinbase:
            // Its secret is a key pair, made elsewhere.
            (apiKey, secret, passphrase) = ("organizations/\(uuid())/apiKeys/\(uuid())", "", nil)
        case .kucoin: (apiKey, secret, passphrase) = (text(24, Self.hex), uuid(), word())
        case .gate: (apiKey, secret, passphrase) = (text(32, Self.hex), text(64, Self.hex), nil)
        case .bitget: (apiKey, secret, passphrase) = ("bg_" + text(32, Self.hex), text(64, Self.hex), word())
        case .mexc: (apiKey, secret, passphrase) = ("mx0" + text(19, Self.letters), text(32, Self.hex), nil)
        }
    }
}
