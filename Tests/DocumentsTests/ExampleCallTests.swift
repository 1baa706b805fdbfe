import Contrato
import Testing

@testable import Documents

@Suite struct ExampleCallTests {
    private static func operation(_ id: String, _ service: PublishedDocument.Service = .lancamentos) throws -> APIOperation {
        let document = try Documented.openAPI(service)
        return try #require(document.operations.map { APIOperation($0, of: service, in: document) }.first { $0.id == id })
    }

    @Test func `a call with a body and a header`() throws {
        let call = ExampleCall(try Self.operation("registrarLancamento"))
        #expect(
            call.curl == """
                curl --include --fail-with-body "$LANCAMENTOS_URL/v1/lancamentos" \\
                    --header "Authorization: Bearer $TOKEN" \\
                    --header 'Idempotency-Key: venda-2026-000123' \\
                    --header 'Content-Type: application/json' \\
                    --data '{"conta": "loja42.caixa", "tipo": "credito", "valor": "150.75"}'
                """)
        #expect(
            call.python == """
                import os

                import requests

                resposta = requests.post(
                    f"{os.environ['LANCAMENTOS_URL']}/v1/lancamentos",
                    headers={
                        "Authorization": f"Bearer {os.environ['TOKEN']}",
                        "Idempotency-Key": "venda-2026-000123",
                        "Content-Type": "application/json",
                    },
                    json={"conta": "loja42.caixa", "tipo": "credito", "valor": "150.75"},
                    timeout=10,
                )
                print(resposta.status_code, resposta.text)
                """)
    }

    @Test func `a call with a query`() throws {
        let call = ExampleCall(try Self.operation("listarContas", .consolidado))
        #expect(
            call.curl == """
                curl --fail-with-body "$CONSOLIDADO_URL/v1/contas?conta=loja42.*" \\
                    --header "Authorization: Bearer $TOKEN"
                """)
        #expect(call.python.contains("    params={\"conta\": \"loja42.*\"},\n"))
    }

    @Test func `a stream of events is read line by line`() throws {
        let call = ExampleCall(try Self.operation("eventosDeSaldo", .consolidado))
        #expect(call.curl.contains(" \\\n    --no-buffer \\\n"))
        #expect(call.python.contains("    stream=True,\n    timeout=30,\n)\nprint(resposta.status_code)\nfor linha in resposta.iter_lines"))
    }

    @Test func `lines are sent as lines`() throws {
        let call = ExampleCall(try Self.operation("registrarLote"))
        #expect(
            call.curl.hasSuffix(
                "--data-binary @- <<'FIM'\n{\"conta\": \"loja42.caixa\", \"tipo\": \"credito\", \"valor\": \"10.00\", \"chave\": \"venda-1\"}\n{\"conta\": \"loja42.caixa\", \"tipo\": \"debito\", \"valor\": \"2.50\", \"chave\": \"venda-2\"}\n{\"conta\": \"loja42.caixa\", \"tipo\": \"credito\", \"valor\": \"5.00\", \"data\": \"2010-01-04\", \"chave\": \"venda-3\"}\nFIM"
            ))
        #expect(call.python.contains("data=\"\\n\".join(json.dumps(linha) for linha in linhas),"))
    }

    @Test func `a call without a token sends none`() throws {
        let call = ExampleCall(try Self.operation("vivo"))
        #expect(call.curl == "curl --fail-with-body \"$LANCAMENTOS_URL/livez\"")
        #expect(!call.python.contains("Authorization"))
    }

    @Test func `texts are quoted for the shell and the address`() {
        #expect(ExampleCall.quoted("a'b\"$c") == "'a'\\''b\"$c'")
        #expect(ExampleCall.percentEncoded("a/b c&é*") == "a%2Fb%20c%26%C3%A9*")
    }
}
