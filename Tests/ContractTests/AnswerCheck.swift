import Access
import HTTPServer
import JSON
import TestSupport

/// Holds one answer against what openapi.yaml says of its operation: the status, the content type, the body.
struct AnswerCheck {
    let contract: Contract
    private let schema: Schema
    private let operations: [String: Contract.Operation]

    init(contract: Contract) {
        self.contract = contract
        schema = Schema(contract: contract)
        operations = Dictionary(
            contract.operations.map { ($0.id ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    func mistakes(
        in answer: TestAnswer, to method: String, _ target: String, _ router: Router<Requirement, Context>
    ) -> [String] {
        let path = target.prefix { $0 != "?" }.split(separator: "/").map(String.init)
        guard case .found(let index, _) = router.match(HTTPMethod(method), path) else { return [] }
        let found = router.operations[index]
        guard let operation = operations[found.id] else { return ["\(found.id) is not in the contract"] }
        return mistakes(in: answer, operation.body["responses"]).map { "\(found.id) \(answer.status): \($0)" }
    }

    private func mistakes(in answer: TestAnswer, _ responses: JSONValue?) -> [String] {
        let said = [String(answer.status), "default"].compactMap { responses?[$0] }
            .compactMap(schema.contract.resolved)
        if said.isEmpty { return ["the contract has no such status"] }
        let contents = said.flatMap { $0["content"]?.asObject?.members ?? [] }
        guard let bytes = answer.response.body.bytes else { return [] }
        if bytes.isEmpty { return contents.isEmpty ? [] : ["there is no body"] }
        let type = String((answer.response.head[.contentType] ?? "none").prefix { $0 != ";" })
        guard let content = contents.first(where: { $0.name == type }) else {
            return ["the contract has no content of \(type)"]
        }
        guard type.hasSuffix("json"), let shape = content.value["schema"] else { return [] }
        guard let value = try? JSONValue.parse(bytes, limits: Contract.limits) else { return ["no JSON"] }
        return schema.mistakes(value, shape)
    }
}
