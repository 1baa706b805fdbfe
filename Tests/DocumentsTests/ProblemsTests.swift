import Access
import Consolidado
import Contrato
import Documents
import FluxoDeCaixa
import Lancamentos
import Testing

/// Every problem is documented where it can happen, with the status and title that the code gives it.
@Suite struct ProblemsTests {
    private static let services = PublishedDocument.Service.allCases

    @Test func `every problem has an example with its status and title`() throws {
        var documented: Set<String> = []
        for service in Self.services {
            let examples = try #require(try Documented.openAPI(service).value["components"]?["examples"])
            for example in examples.members {
                guard let type = example.value["value"]?["type"]?.text else { continue }
                let nome = try #require(Problema.Nome(rawValue: example.name), "\(example.name) is no problem")
                #expect(type == nome.type(urlPublica: "http://localhost:8080"))
                #expect(example.value["value"]?["status"]?.integer == nome.status)
                #expect(example.value["value"]?["title"]?.text == nome.title)
                documented.insert(example.name)
            }
        }
        #expect(documented == Set(Problema.Nome.allCases.map(\.rawValue)))
    }

    /// The problems that a response may have: its examples, each of which leads to the one of its name.
    private static func problems(_ content: JSONValue) throws -> [Problema.Nome] {
        try #require(content["examples"]).members.map { example in
            #expect(example.value["$ref"]?.text == "#/components/examples/\(example.name)")
            return try #require(Problema.Nome(rawValue: example.name), "\(example.name) is no problem")
        }
    }

    @Test(arguments: services)
    func `an answer's status is that of its problems`(service: PublishedDocument.Service) throws {
        let document = try Documented.openAPI(service)
        var problems = 0
        for response in try #require(document.value["components"]?["responses"]).members {
            guard let content = response.value["content"]?["application/problem+json"] else { continue }
            #expect(content["schema"]?["$ref"]?.text == "#/components/schemas/Problema", "\(response.name)")
            let names = try Self.problems(content)
            #expect(Set(names.map(\.status)).count == 1, "\(response.name)")
            problems += names.count
        }
        #expect(problems > 8)
    }

    @Test(arguments: services)
    func `an operation answers each status with what is made for it`(service: PublishedDocument.Service) throws {
        let document = try Documented.openAPI(service)
        for operation in document.operations {
            for response in try #require(operation.value["responses"]).members {
                let resolved = document.resolved(response.value)
                #expect(resolved["headers"]?["X-Request-Id"] != nil, "\(operation.method) \(operation.path) \(response.name)")
                guard let content = resolved["content"]?["application/problem+json"] else { continue }
                let statuses = Set(try Self.problems(content).map { String($0.status) })
                #expect(statuses == [response.name], "\(operation.method) \(operation.path)")
            }
        }
    }

    /// The order of §5 of the contract says what any call with a token may be answered.
    @Test(arguments: services)
    func `a call with a token documents what the edge answers`(service: PublishedDocument.Service) throws {
        for operation in try Documented.openAPI(service).operations {
            let statuses = Set(try #require(operation.value["responses"]).names)
            let isOpen = operation.value["security"]?.elements.isEmpty == true
            let expected: Set = isOpen ? (operation.path == "/" ? ["302"] : ["200"]) : ["400", "401", "403", "422", "429", "503"]
            #expect(statuses.isSuperset(of: expected), "\(operation.method) \(operation.path)")
            if operation.value["requestBody"] != nil { #expect(statuses.isSuperset(of: ["413", "415"])) }
            if !isOpen {
                let scopes = operation.value["security"]?.elements.flatMap { $0.members.flatMap { $0.value.texts } } ?? []
                let known: [Scope] = [.lancamentosEscrever, .lancamentosLer, .consolidadoLer]
                #expect(
                    scopes.count == 1 && scopes.allSatisfy { known.map(\.rawValue).contains($0) }, "\(operation.method) \(operation.path)")
            }
        }
    }

    @Test(arguments: services)
    func `operations have names of their own and say what they do`(service: PublishedDocument.Service) throws {
        let operations = try Documented.openAPI(service).operations
        #expect(Set(operations.compactMap { $0.value["operationId"]?.text }).count == operations.count)
        #expect(operations.allSatisfy { $0.value["summary"]?.text?.isEmpty == false })
    }

    @Test(arguments: services)
    func `codes of faults are the code's`(service: PublishedDocument.Service) throws {
        let codes = try #require(try Documented.schema("ErroDeCampo", service)["properties"]?["codigo"]?["enum"]).texts
        #expect(Set(codes) == Set(ErroDeCampo.Codigo.allCases.map(\.rawValue)))
        #expect(codes.count == ErroDeCampo.Codigo.allCases.count)
    }

    @Test func `what both services have is documented alike`() throws {
        let (one, other) = (try Documented.openAPI(.lancamentos).value, try Documented.openAPI(.consolidado).value)
        var shared = 0
        for kind in ["schemas", "headers", "responses", "examples", "securitySchemes"] {
            for component in try #require(one["components"]?[kind]).members {
                guard let twin = other["components"]?[kind]?[component.name] else { continue }
                #expect(component.value == twin, "\(kind) \(component.name)")
                shared += 1
            }
        }
        #expect(shared > 20)
        for path in try #require(one["paths"]).members where other["paths"]?[path.name] != nil {
            #expect(path.value == other["paths"]?[path.name], "\(path.name)")
        }
    }

    @Test func `every problem has a section on the page, which begins with its status`() throws {
        let lines = try Documented.text("config/problemas.md").split(separator: "\n", omittingEmptySubsequences: true)
        let sections = lines.indices.filter { lines[$0].hasPrefix("## ") }
        #expect(sections.map { String(lines[$0].dropFirst(3)) }.sorted() == Problema.Nome.allCases.map(\.rawValue).sorted())
        for section in sections {
            let nome = try #require(Problema.Nome(rawValue: String(lines[section].dropFirst(3))))
            #expect(lines[section + 1].hasPrefix("**\(nome.status).** "), "\(nome.rawValue)")
        }
        let text = try Documented.text("config/problemas.md")
        for codigo in ErroDeCampo.Codigo.allCases { #expect(text.contains("- `\(codigo.rawValue)`: ")) }
    }
}
