import JSON
import Testing

@Suite struct ContractConsistencyTests {
    let contract: Contract

    init() throws { contract = try Contract.read() }

    @Test func `openapi.json says what openapi.yaml says`() throws {
        let json = try JSONValue.parse(Contract.file("openapi.json"), limits: Contract.limits)
        #expect(json == contract.document, "run Scripts/openapi-json")
    }

    @Test func `every operation has an id of its own`() {
        let ids = contract.operations.map(\.id)
        #expect(ids.count > 80)
        #expect(!ids.contains(nil))
        #expect(Set(ids).count == ids.count)
    }

    @Test func `every operation names a tag that exists`() {
        let tags = Set(contract.document["tags"]?.asArray?.compactMap { $0["name"]?.asString } ?? [])
        for operation in contract.operations {
            let own = operation.body["tags"]?.asArray?.compactMap(\.asString) ?? []
            #expect(!own.isEmpty && tags.isSuperset(of: own), "\(operation.name)")
        }
    }

    @Test func `every operation demands one permission that exists`() {
        let known = Set(contract.names(of: "x-permissions") + ["none", "self"])
        for operation in contract.operations {
            #expect(operation.permission.map(known.contains) == true, "\(operation.name)")
        }
    }

    @Test func `an operation is open exactly when it says so`() {
        for operation in contract.operations {
            let bearer: JSONValue? = operation.body["security"]
            #expect(
                (operation.permission == "none")
                    == (bearer != nil && bearer != [[:], ["accessToken": []]]
                        && bearer != Contract.accessTokens))
        }
    }

    @Test func `every error code is in the table`() {
        let known = Set(contract.names(of: "x-problem-codes"))
        for operation in contract.operations {
            #expect(!operation.errorCodes.isEmpty, "\(operation.name)")
            #expect(known.isSuperset(of: operation.errorCodes), "\(operation.name)")
            #expect(Set(operation.errorCodes).count == operation.errorCodes.count, "\(operation.name)")
        }
    }

    @Test func `the error responses are those of the error codes`() {
        let codes = contract.component("x-problem-codes")
        for operation in contract.operations {
            let expected = Set(
                operation.errorCodes.compactMap { codes?[$0]?["status"]?.asInt.map(String.init) })
            let responses = operation.body["responses"]?.asObject?.members ?? []
            let problems = responses.filter { $0.name >= "400" && $0.value["$ref"] != nil }
            #expect(Set(problems.map(\.name)) == expected, "\(operation.name)")
        }
    }

    @Test func `every problem code is explained`() {
        for code in contract.names(of: "x-problem-codes") {
            let row = contract.component("x-problem-codes")?[code]
            #expect(row?["status"]?.asInt.map { (400...599).contains($0) } == true, "\(code)")
            for field in ["title", "meaning", "remedy", "raised_by"] {
                #expect(row?[field]?.asString?.isEmpty == false, "\(code) \(field)")
            }
        }
    }

    @Test func `every reference resolves`() {
        var count = 0
        contract.everyObject { object in
            guard let reference = object["$ref"]?.asString else { return }
            count += 1
            #expect(contract.target(of: reference) != nil, "\(reference)")
        }
        #expect(count > 1000)
    }

    @Test func `the path's parameters are declared`() throws {
        for operation in contract.operations {
            let declared = operation.parameters.filter { $0["in"] == "path" }.compactMap {
                $0["name"]?.asString
            }
            let written = operation.path.matches(of: /\{(\w+)\}/).map { String($0.output.1) }
            #expect(Set(declared) == Set(written) && declared.count == written.count, "\(operation.name)")
        }
    }

    @Test func `every operation and every parameter says what it is for`() {
        for operation in contract.operations {
            for name in ["summary", "description"] {
                #expect(operation.body[name]?.asString?.isEmpty == false, "\(operation.name): \(name)")
            }
            for parameter in operation.parameters {
                let name = parameter["name"]?.asString ?? ""
                #expect(parameter["description"]?.asString?.isEmpty == false, "\(operation.name): \(name)")
            }
        }
    }

    @Test func `the problems of examples have the addresses that are served`() throws {
        var found = 0
        func look(at value: JSONValue) {
            if let type = value["type"]?.asString, type.hasPrefix("/problems/") {
                found += 1
                #expect(type == "/problems/\(value["code"]?.asString ?? "")")
            }
            for member in value.asObject?.members ?? [] { look(at: member.value) }
            for element in value.asArray ?? [] { look(at: element) }
        }
        look(at: contract.document)
        #expect(found > 10)
    }

    @Test func `every request body comes with an example`() {
        for operation in contract.operations {
            for content in operation.body["requestBody"]?["content"]?.asObject?.members ?? [] {
                #expect(content.value["example"] != nil, "\(operation.name) \(content.name)")
            }
        }
    }

    @Test func `a request refuses fields that it does not know`() {
        let requests =
            contract.component("schemas")?.asObject?.members.filter { $0.name.hasSuffix("Request") } ?? []
        #expect(requests.count > 10)
        for request in requests { #expect(request.value["additionalProperties"] == false, "\(request.name)") }
    }

    @Test func `an event type is readable by a permission that exists, and hides no name of the event`() {
        let permissions = Set(contract.names(of: "x-permissions"))
        let shared = contract.component("x-event-fields")
        for event in contract.component("x-event-types")?.asObject?.members ?? [] {
            #expect(event.value["permission"]?.asString.map(permissions.contains) == true, "\(event.name)")
            let own = event.value["fields"]?.asObject?.members.map(\.name) ?? []
            let common = (event.value["shares"]?.asArray ?? []).compactMap(\.asString).flatMap {
                shared?[$0]?.asObject?.members.map(\.name) ?? []
            }
            let fields = own + common
            #expect(Set(fields).count == fields.count, "\(event.name)")
            #expect(Set(fields).isDisjoint(with: ["id", "type", "at", "subject", "security", "actor_id"]))
        }
    }
}
