package import JSON
package import Kernel

/// How an exchange wants requests signed, in words and numbers for whoever connects a bot: the code is in the
/// adapter's `sign`.
package struct SigningRecipe: Sendable {
    /// How long a signed request stays good.
    package struct Window: Sendable {
        package let milliseconds: Int
        /// The widest that is asked for; nil where the exchange alone decides.
        package let atMost: Int?
        /// Each request says it, and otherwise the exchange has one for all.
        let isAsked: Bool

        /// Of an exchange that has one for all.
        init(milliseconds: Int) {
            (self.milliseconds, atMost, isAsked) = (milliseconds, nil, false)
        }

        private init(askedAtMost widest: Int) {
            (milliseconds, atMost, isAsked) = (SigningMoment.usualReceiveWindow, widest, true)
        }

        static func asked(atMost widest: Int) -> Window { Window(askedAtMost: widest) }
    }

    /// The hosts that want it so.
    package let aliases: [String]
    package let algorithm: String
    /// The text or bytes that are signed.
    package let signs: String
    package let covers: [Exchange.RequestPart]
    /// What Keybell writes into headers; the first has the API key, or what stands for it.
    package let ownHeaders: [String]
    /// What Keybell writes among the parameters.
    package let ownFields: [String]
    package let clock: String
    /// Nil where a request does not grow old.
    package let window: Window?
    /// A number that must rise from request to request, where there is one.
    package let nonce: String?
    /// The exchange's own document about it.
    package let documentation: String

    init(
        _ aliases: [String], _ algorithm: String, signs: String, covers: [Exchange.RequestPart],
        headers: [String], fields: [String] = [], clock: String, window: Window?, nonce: String? = nil,
        documentation: String
    ) {
        (self.aliases, self.algorithm, self.signs, self.covers) = (aliases, algorithm, signs, covers)
        (ownHeaders, ownFields, self.clock, self.window) = (headers, fields, clock, window)
        (self.nonce, self.documentation) = (nonce, documentation)
    }
}

extension SigningRecipe: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("aliases", aliases)
            w.field("algorithm", algorithm)
            w.field("signs", signs)
            w.field("covers", covers.map(\.rawValue))
            w.field("own_headers", ownHeaders)
            w.field("own_fields", ownFields)
            w.field("clock", clock)
            w.field("window", window)
            w.field("nonce", nonce)
            w.field("documentation", documentation)
        }
    }
}

extension SigningRecipe.Window: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("milliseconds", milliseconds)
            w.field("at_most", atMost)
        }
    }
}

/// What every request asks of its exchange's recipes: looked up once, for they are texts for people besides.
extension ExchangeName {
    private struct Facts {
        let wantsNonce: Bool
        /// By host.
        let windows: [String: SigningRecipe.Window]
        let widestWindow: Int?
        let signaturesLast: Period

        init(_ recipes: [SigningRecipe]) {
            wantsNonce = recipes.contains { $0.nonce != nil }
            let windows = recipes.compactMap(\.window)
            let byHost = recipes.flatMap { recipe in
                recipe.aliases.compactMap { alias in recipe.window.map { (alias, $0) } }
            }
            self.windows = Dictionary(byHost) { first, _ in first }
            widestWindow = windows.compactMap(\.atMost).max()
            let longest = windows.map { $0.atMost ?? $0.milliseconds }.max() ?? 0
            signaturesLast = .milliseconds(Int64(longest + 1_000))
        }
    }

    private static let facts = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, Facts($0.adapter.recipes)) })

    private var facts: Facts {
        guard let facts = Self.facts[self] else { preconditionFailure("every exchange has recipes") }
        return facts
    }

    /// Whether each of a key's requests needs a number higher than the last.
    package var wantsNonce: Bool { facts.wantsNonce }

    /// How long a host takes a request, from the moment that it is signed for; nil: it does not grow old.
    /// - Parameter milliseconds: what the request asks for, where it can: `SigningMoment.receiveWindow`.
    package func window(at host: String, asking milliseconds: Int) -> Period? {
        facts.windows[host].map { .milliseconds(Int64($0.isAsked ? milliseconds : $0.milliseconds)) }
    }

    /// The widest window that may be asked for, in milliseconds; nil where there is nothing to ask.
    package var widestWindow: Int? { facts.widestWindow }

    /// How long a signed request that left at this moment may still be taken, at most: the widest window that
    /// cancels may ask for, or else the longest of its recipes, and a second for clocks and for what is on
    /// its way. Kraken's has no window: there a signature is good until a request with a higher nonce has
    /// come.
    package var signaturesLast: Period { facts.signaturesLast }
}
