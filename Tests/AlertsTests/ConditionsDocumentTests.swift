import Events
import Expressions
import Glibc
import Testing

@testable import Alerts

/// What Docs/conditions.md shows is so.
@Suite struct ConditionsDocumentTests {
    @Test(arguments: [
        ("event.previous < 70 && event.grade >= 70", "grade.changed"),
        ("event.type in ['key.revoked', 'key.suspended'] && event.environment == 'live'", "key.*"),
        (
            "event.tags.exists(t, t.startsWith('mm-')) && !cidr('10.0.0.0/8').contains(event.address)",
            "key.deposited"
        ),
        ("event.type == 'key.expiring' ? event.days_left < 3.0 : event.security", "key.*"),
        (
            "timestamp(event.at).getHours('+01:00') >= 22 "
                + "|| timestamp(event.at).getDayOfWeek('+01:00') in [0, 6]", "key.*"
        ),
        ("has(event.reason) && event.reason.matches('(?i)stolen|lost')", "key.*"),
        ("decimal(event.price) * decimal(event.amount) > decimal('5000')", "custom.*"),
        ("event.type == 'key.revoked' && event.reason == 'left the desk'", "key.*"),
        ("has(event.reason) && event.reason == 'left the desk'", "key.*"),
        ("event.type != 'key.revoked' || event.reason != 'test'", "key.*"),
        ("level.support != null && grade.value < 40.0 && candle.close < level.support", "market"),
        (
            "token.symbol in ['BTC', 'ETH'] && crosses_above(grade.value, 70.0) && market.gate_open",
            "market"
        ),
        ("signal.direction == 'bullish' && signal.stop != null && candle.low < signal.stop", "market"),
    ])
    func `an example is a condition`(source: String, on: String) throws {
        #expect(try document().contains("\n\(source)\n"))
        #expect(throws: Never.self) {
            try Condition(source, on: [try #require(EventPattern(ofRule: on))], remembers: true)
        }
    }

    @Test(arguments: [
        ("event.previous < 70 && event.grde >= 70", "grade.changed"), ("event.grade > '70'", "grade.changed"),
        ("event.reason == 'x'", "key.*"), ("event.symbol.matches('[a')", "grade.changed"),
    ])
    func `a mistake is told as shown`(source: String, on: String) throws {
        let pattern = try #require(EventPattern(on))
        let mistake = #expect(throws: ExpressionMistake.self) { try Condition(source, on: [pattern]) }
        let words = try document().split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains(mistake?.sentence ?? "nothing was wrong"), "\(mistake?.sentence ?? "")")
    }

    private func document() throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try #require(fopen("/\(root)/Docs/conditions.md", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }
}
