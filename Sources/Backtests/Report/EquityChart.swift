import Kernel

/// The equity curve over buy and hold, on a logarithmic scale, and the drawdown under it, as SVG that says in
/// words what it shows.
struct EquityChart {
    private static let (width, height, left, right) = (800.0, 420.0, 60.0, 790.0)
    private static let (top, middle, bottom) = (40.0, 270.0, 400.0)
    /// Points of a line.
    private static let mostPoints = 800

    let title: String
    let dates: [Timestamp]
    let equity: [Double]
    let holding: [Double]
    let drawdowns: [Double]

    var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 420" role="img" \
        aria-labelledby="title summary" font-family="sans-serif" font-size="12">
        <title id="title">\(Self.escaped(title))</title>
        <desc id="summary">\(summary)</desc>
        <rect width="800" height="420" fill="#fff"/>
        <text x="60" y="20" font-size="14">\(Self.escaped(title))</text>
        <text x="60" y="34" fill="#1f5fa8">rule, solid</text>
        <text x="140" y="34" fill="#666">buy and hold, dashed</text>
        <text x="300" y="34" fill="#a33a1f">drawdown below</text>
        \(line(equity, "#1f5fa8", "", upper))
        \(line(holding, "#666", " stroke-dasharray=\"4 3\"", upper))
        <path d="M60 290H790" stroke="#999"/>
        \(line(drawdowns, "#a33a1f", "", lower))
        \(labels)
        </svg>

        """
    }

    private var summary: String {
        guard let first = dates.first, let last = dates.last, let end = equity.last, let held = holding.last,
            let deepest = drawdowns.min()
        else { return "There is nothing to show." }
        return "From \(Self.day(first)) to \(Self.day(last)) the rule made \(Self.hundredths(end)) of 1, "
            + "buy and hold \(Self.hundredths(held)); the rule's deepest fall from a peak was "
            + "\(Self.hundredths(-deepest * 100)) percent."
    }

    private var labels: String {
        let ends =
            "<text x=\"60\" y=\"416\">\(dates.first.map(Self.day) ?? "")</text>"
            + "<text x=\"790\" y=\"416\" text-anchor=\"end\">\(dates.last.map(Self.day) ?? "")</text>"
        let (low, high) = bounds
        let deepest = Self.hundredths((drawdowns.min() ?? 0) * 100)
        return ends + "<text x=\"54\" y=\"48\" text-anchor=\"end\">\(Self.hundredths(high))</text>"
            + "<text x=\"54\" y=\"272\" text-anchor=\"end\">\(Self.hundredths(low))</text>"
            + "<text x=\"54\" y=\"294\" text-anchor=\"end\">0 %</text>"
            + "<text x=\"54\" y=\"402\" text-anchor=\"end\">\(deepest) %</text>"
    }

    private var bounds: (low: Double, high: Double) {
        let values = (equity + holding).map { max($0, 1e-9) } + [1]
        return (values.min() ?? 1, values.max() ?? 1)
    }

    /// Equal steps are equal factors: doublings, seen by the exponent and the fraction of the number, so that
    /// every machine draws the same.
    private func upper(_ value: Double) -> Double {
        let (low, high) = bounds
        let span = Self.logarithm(high) - Self.logarithm(low)
        guard span > 0 else { return Self.middle }
        let share = (Self.logarithm(max(value, 1e-9)) - Self.logarithm(low)) / span
        return Self.middle - (Self.middle - Self.top) * share
    }

    private func lower(_ value: Double) -> Double {
        let deepest = drawdowns.min() ?? 0
        return deepest < 0 ? 290 + (Self.bottom - 290) * value / deepest : 290
    }

    private static func logarithm(_ value: Double) -> Double {
        Double(value.exponent) + value.significand - 1
    }

    private func line(
        _ values: [Double], _ colour: String, _ style: String, _ place: (Double) -> Double
    ) -> String {
        guard values.count > 1 else { return "" }
        let step = max(1, (values.count + Self.mostPoints - 1) / Self.mostPoints)
        let points = values.indices.filter { $0 % step == 0 || $0 == values.count - 1 }.map { index in
            let x = Self.left + (Self.right - Self.left) * Double(index) / Double(values.count - 1)
            return "\(Self.tenths(x)),\(Self.tenths(place(values[index])))"
        }
        return "<polyline fill=\"none\" stroke=\"\(colour)\"\(style) points=\""
            + points.joined(separator: " ") + "\"/>"
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

    private static func day(_ time: Timestamp) -> String { String(time.description.prefix(10)) }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default:
                // Control characters and noncharacters are none of XML's.
                let isControl = character.unicodeScalars.contains {
                    $0.value < 32 || $0.value & 0xFFFE == 0xFFFE
                }
                escaped += isControl ? " " : String(character)
            }
        }
    }
}
