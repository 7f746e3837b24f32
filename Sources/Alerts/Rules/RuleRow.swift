import Access
import Events
import JSON
import Kernel
import Postgres

/// What a rule says, as twelve columns of `alert_rule` and `alert_rule_version`.
extension RuleContent {
    /// - Parameter first: the column of `name`.
    init(_ row: Row, from first: Int) {
        let patterns = row.textArray(first + 2).compactMap { EventPattern(ofRule: $0) }
        let course = row.course(first + 10)
        self.init(
            name: row.text(first), severity: Severity(rawValue: row.text(first + 1)) ?? .info, on: patterns,
            when: row.optionalText(first + 3).map {
                Condition(stored: $0, on: patterns, remembers: true)
            },
            groupBy: row.textArray(first + 4).compactMap { FieldPath($0) },
            cooldown: row.optionalText(first + 5).flatMap { Cooldown($0) },
            digestAbove: course[Self.digestName]?.asInt.map { Int($0) },
            labels: row.object(first + 6), sendTo: row.idArray(first + 7), isSecurity: row.bool(first + 8),
            isRetroactive: row.bool(first + 9),
            course: RuleCourse(stored: course, on: patterns), actions: RuleActions(stored: course),
            advice: row.optionalText(first + 11))
    }

    private static let digestName = "digest_above"

    /// In the order of the columns.
    var parameters: [Parameter] {
        [
            .text(name), .text(severity.rawValue), .textArray(on.map(\.text)), .text(when?.source),
            .textArray(groupBy.map(\.description)), .text(cooldown?.text),
            .text(JSONValue.object(labels).text), .idArray(sendTo), .bool(isSecurity), .bool(isRetroactive),
            .text(storedCourse),
            .text(advice),
        ]
    }

    /// The course, the actions and when it is told in digests, which a version has as one; nil where there
    /// is nothing of it.
    private var storedCourse: String? {
        var object = course.object
        actions.store(in: &object)
        if let digestAbove { _ = object.append(Self.digestName, .number(JSONNumber(digestAbove))) }
        return object.count == 0 ? nil : JSONValue.object(object).text
    }
}

extension AlertRule {
    init?(_ row: Row) {
        let owner = PrincipalID(row.text(1))
        guard owner != nil || row.text(1) == Self.installation, let status = Status(rawValue: row.text(2))
        else { return nil }
        let tests = (try? JSONValue.parse(row.json(20)))?.asArray ?? []
        self.init(
            id: row.id(0), owner: owner, status: status, statusReason: row.optionalText(3),
            version: row.int(4), revision: row.int64(5), createdAt: row.timestamp(6),
            updatedAt: row.timestamp(7), content: RuleContent(row, from: 8),
            tests: tests.compactMap { RuleTestCase(stored: $0) }, lastFiredAt: row.optionalTimestamp(21),
            origin: row.isNull(22) ? nil : RuleOrigin(row.object(22)))
    }

    /// What stands for the owner of the installation's own rules.
    static let installation = "installation"

    var storedOwner: String { owner?.description ?? Self.installation }

    var storedTests: Parameter {
        var w = JSONWriter()
        w.array(tests) { w, test in test.write(to: &w) }
        return .text(w.text)
    }
}

extension Row {
    fileprivate func course(_ column: Int) -> JSONObject { isNull(column) ? JSONObject() : object(column) }

    /// A JSON object; empty when it is none.
    func object(_ column: Int) -> JSONObject {
        (try? JSONValue.parse(json(column)))?.asObject ?? JSONObject()
    }
}

extension JSONValue {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
