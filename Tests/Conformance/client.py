"""A client that openapi-python-client makes from the served documents registers, repeats, sends a lote, reads, lists, receives a problem,
and reads the balance.

usage: client.py   (LANCAMENTOS_URL, CONSOLIDADO_URLS and TOKEN in the environment)
"""

import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid


def generate(url, name, folder):
    config = folder / f"{name}.yaml"
    config.write_text(f"package_name_override: {name}\npost_hooks: []\n")
    command = [
        *[sys.executable, "-m", "openapi_python_client", "generate", "--url", f"{url}/openapi.json"],
        *["--meta", "none", "--config", config, "--output-path", folder / name],
    ]
    subprocess.run(command, check=True, cwd=folder)
    return importlib.import_module(name)


def main():
    lancamentos_url = os.environ["LANCAMENTOS_URL"]
    consolidado_url = os.environ["CONSOLIDADO_URLS"].split(",")[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sys.path.insert(0, name)
        entries = generate(lancamentos_url, "cliente_lancamentos", folder)
        balances = generate(consolidado_url, "cliente_consolidado", folder)
        calls = ("registrar_lancamento", "registrar_lote", "buscar_lancamento", "listar_lancamentos")
        post, lote, get, search = (importlib.import_module(f"cliente_lancamentos.api.lancamentos.{call}") for call in calls)
        read = importlib.import_module("cliente_consolidado.api.saldos.saldo_do_dia")
        models = importlib.import_module("cliente_lancamentos.models")

        conta = f"cliente.{uuid.uuid4().hex[:12]}"
        token = os.environ["TOKEN"]
        client = entries.AuthenticatedClient(base_url=lancamentos_url, token=token)
        novo = models.LancamentoNovo(conta=conta, tipo=models.Tipo.CREDITO, valor="150.75")
        chave = f"cliente-{uuid.uuid4()}"
        answer = post.sync_detailed(client=client, body=novo, idempotency_key=chave)
        assert answer.status_code == 201, answer
        entry = answer.parsed
        assert entry.valor == "150.75" and entry.conta == conta, entry
        again = post.sync_detailed(client=client, body=novo, idempotency_key=chave)
        assert again.status_code == 200 and again.parsed.id == entry.id, again
        novo.valor = "1.00"
        problem = post.sync(client=client, body=novo, idempotency_key=chave)
        assert isinstance(problem, models.Problema) and problem.type_.endswith("#chave-com-outro-conteudo"), problem
        item = models.LancamentoDeLote(conta=conta, tipo=models.Tipo.DEBITO, valor="50.75", chave=f"{chave}-lote")
        # The answer is NDJSON, which the client leaves unread: a line is a `ResultadoDeLote`.
        lines = lote.sync_detailed(client=client, body=[item]).content.splitlines()
        results = [models.ResultadoDeLote.from_dict(json.loads(line)) for line in lines]
        assert [int(result.status) for result in results] == [201], lines
        found = get.sync(results[0].id, client=client)
        assert found.valor == "50.75" and found.canal == models.Canal.LOTE, found
        page = search.sync(client=client, conta=conta, limite=1)
        rest = search.sync(client=client, conta=conta, limite=1, cursor=page.proximo)
        assert [one.id for one in page.itens + rest.itens] == [found.id, entry.id] and rest.proximo is None, (page, rest)

        client = balances.AuthenticatedClient(base_url=consolidado_url, token=token)
        for _ in range(100):
            balance = read.sync(data=entry.data, client=client, conta=conta)
            if balance.quantidade_creditos == balance.quantidade_debitos == 1:
                break
            time.sleep(0.1)
        assert balance.saldo_final == "100.00", balance
        print(f"the generated client registered {entry.id} and read the balance {balance.saldo_final}")


main()
