/// The media types that a client takes (RFC 9110 12.5.1), with their weights.
package struct AcceptedTypes: Sendable {
    private struct Range: Sendable {
        let type: String
        let subtype: String
        let thousandths: Int

        /// How exactly it names `type/subtype`: 2 whole, 1 by type, 0 by */*, nil not at all.
        func precision(_ type: Substring, _ subtype: Substring) -> Int? {
            if self.type == "*" { return 0 }
            guard self.type == type else { return nil }
            if self.subtype == "*" { return 1 }
            return self.subtype == subtype ? 2 : nil
        }
    }

    /// More have no honest sender.
    private static let rangeLimit = 32

    private let ranges: [Range]

    /// `text` is the whole list (`headers.list(.accept)`). Without one everything is taken. Nil when
    /// malformed.
    package init?(_ text: String?) {
        guard let text else {
            ranges = [Range(type: "*", subtype: "*", thousandths: 1000)]
            return
        }
        var reader = FieldReader(text)
        var ranges: [Range] = []
        reader.skipBlanks()
        repeat {
            guard ranges.count < Self.rangeLimit, let range = Self.readRange(&reader) else { return nil }
            ranges.append(range)
        } while reader.takeComma()
        guard reader.isAtEnd else { return nil }
        self.ranges = ranges
    }

    /// The weight of `essence` ("type/subtype", lower-case) in thousandths: 0 when it is not taken. The most
    /// precise range decides.
    package func weight(of essence: String) -> Int {
        let parts = essence.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return 0 }
        var best = (precision: -1, thousandths: 0)
        for range in ranges {
            guard let precision = range.precision(parts[0], parts[1]), precision > best.precision else {
                continue
            }
            best = (precision, range.thousandths)
        }
        return best.thousandths
    }

    /// The offer with the highest weight, the earlier one of equals, or nil when none is taken.
    package func best(of offers: [String]) -> String? {
        var best: (offer: String, weight: Int)?
        for offer in offers {
            let weight = weight(of: offer)
            if weight > best?.weight ?? 0 { best = (offer, weight) }
        }
        return best?.offer
    }

    private static func readRange(_ reader: inout FieldReader) -> Range? {
        guard let type = reader.token(), reader.take(ByteClass.slash), let subtype = reader.token(),
            type != "*" || subtype == "*", let parameters = reader.parameters()
        else { return nil }
        guard let quality = parameters.first(where: { $0.name == "q" }) else {
            return Range(type: type, subtype: subtype, thousandths: 1000)
        }
        return Weight(quality.value).map { Range(type: type, subtype: subtype, thousandths: $0.thousandths) }
    }
}
