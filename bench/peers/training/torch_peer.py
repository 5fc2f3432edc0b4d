"""PyTorch: nn.Embedding, nn.LSTM, nn.Linear, Adam over all weights as dense gradients."""

import numpy as np
import torch


class Model(torch.nn.Module):
    def __init__(self, weights, dropout):
        super().__init__()
        embeddings, kernel, recurrent, bias, dense, dense_bias = (torch.from_numpy(np.array(w)) for w in weights)
        self.embedding = torch.nn.Embedding(*embeddings.shape)
        self.dropout = torch.nn.Dropout(dropout)
        self.lstm = torch.nn.LSTM(embeddings.shape[1], recurrent.shape[0], batch_first=True)
        self.dense = torch.nn.Linear(recurrent.shape[0], 1)
        with torch.no_grad():
            self.embedding.weight.copy_(embeddings)
            self.lstm.weight_ih_l0.copy_(kernel.T)
            self.lstm.weight_hh_l0.copy_(recurrent.T)
            self.lstm.bias_ih_l0.copy_(bias)
            self.lstm.bias_hh_l0.zero_()
            self.dense.weight.copy_(dense.T)
            self.dense.bias.copy_(dense_bias)
        # Keras' LSTM has one bias; two that are trained would take twice the step.
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, ids):
        sequence, _ = self.lstm(self.dropout(self.embedding(ids)))
        return self.dense(sequence[:, -1])


class Peer:
    def __init__(self, data, options):
        torch.set_num_threads(options.get("threads", 1))
        self.data = data
        self.model = Model(data["weights"], options.get("dropout", 0))
        self.criterion = torch.nn.BCEWithLogitsLoss()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=1e-3, eps=1e-7)
        self.version = f"{torch.__version__.split('+')[0]} {torch.backends.cpu.get_cpu_capability()}"

    def step(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def loss(self, x, y):
        return float(self.step(torch.from_numpy(np.array(x, dtype=np.int64)), torch.from_numpy(np.array(y))))

    def epoch(self, samples):
        x = torch.from_numpy(self.data["x"][:samples].astype(np.int64))
        y = torch.from_numpy(self.data["y"][:samples].copy())
        total = 0.0
        for at in range(0, samples, self.data["batch"]):
            total += float(self.step(x[at : at + self.data["batch"]], y[at : at + self.data["batch"]]))
        return total


def create(data, options):
    return Peer(data, options)
