//! Two threads for each connection: one takes requests to the broker, one takes answers back.

use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::frame::Frame;
use super::trap::{Trap, Trick, Wish};
use super::weather::{Way, Weather};
use super::{Line, held};

/// A client's connection through the proxy.
pub struct Connection {
    number: u64,
    owner: String,
    broker: u32,
    client: TcpStream,
    upstream: TcpStream,
    closed: AtomicBool,
    /// The request whose answer a trap waits for.
    awaited: Mutex<Option<(i32, Arc<Trap>)>>,
}

/// Hundreds of these live at a time, and none needs much.
pub fn spawn(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(256 << 10).spawn(work);
    drop(thread.expect("a thread"));
}

/// Takes connections for ever: the proxy lives as long as the test's process.
pub fn accept(line: &Arc<Line>, broker: u32, listener: &TcpListener) {
    for client in listener.incoming().flatten() {
        let line = Arc::clone(line);
        spawn(move || serve(&line, broker, client));
    }
}

/// Serves a connection to its end. Whoever calls is known by its first request.
fn serve(line: &Arc<Line>, broker: u32, mut client: TcpStream) {
    let Ok(first) = Frame::read(&mut client) else { return };
    let Some(port) = line.port_of(broker) else { return };
    let owner = first.client().to_owned();
    if line.weather().cut && line.weather().concerns(&owner, broker) {
        return;
    }
    let connected = TcpStream::connect(("127.0.0.1", port)).and_then(|upstream| {
        upstream.set_nodelay(true)?;
        client.set_nodelay(true)?;
        Ok((client.try_clone()?, upstream))
    });
    let Ok((copy, upstream)) = connected else { return };
    let connection = Arc::new(Connection {
        number: line.number(),
        owner,
        broker,
        client: copy,
        upstream,
        closed: AtomicBool::new(false),
        awaited: Mutex::default(),
    });
    line.enter(&connection);
    let (back, its_line) = (Arc::clone(&connection), Arc::clone(line));
    spawn(move || answers(&its_line, &back));
    requests(line, &connection, first, client);
}

fn requests(line: &Arc<Line>, connection: &Arc<Connection>, first: Frame, mut client: TcpStream) {
    let mut next = Ok(first);
    while let Ok(frame) = next {
        line.pass(connection, Way::ToBroker, frame.bytes().len());
        let seen = line.see(connection.number, &frame);
        match seen {
            (Wish::Catch, Some(trap)) => return caught(line, connection, &trap, &frame, client),
            (Wish::Deliver, Some(trap)) => trap.deliver(),
            _ => {}
        }
        if !connection.send(&frame) {
            break;
        }
        next = Frame::read(&mut client);
    }
    connection.close();
}

/// Plays the trick. Afterwards this connection carries nothing more for its client.
fn caught(line: &Line, connection: &Arc<Connection>, trap: &Arc<Trap>, frame: &Frame, mut client: TcpStream) {
    let arrives = matches!(trap.trick, Trick::Twice | Trick::Unanswered);
    if arrives {
        // The answer comes to the other thread, which closes the connection then.
        *held(&connection.awaited) = frame.number().map(|number| (number, Arc::clone(trap)));
        connection.send(frame);
    } else if trap.trick == Trick::Late {
        connection.hang_up();
    } else {
        // The client's bytes still arrive here, and go nowhere, until it gives up.
        while Frame::read(&mut client).is_ok() {}
        connection.hang_up();
    }
    if trap.trick == Trick::Unanswered || !trap.wait_due() {
        return;
    }
    if arrives {
        again(line, connection.broker, trap, frame);
    } else {
        *held(&connection.awaited) = frame.number().map(|number| (number, Arc::clone(trap)));
        connection.send(frame);
        trap.delivered();
    }
}

/// Sends the same bytes on a connection of their own.
fn again(line: &Line, broker: u32, trap: &Trap, frame: &Frame) {
    let Some(port) = line.port_of(broker) else { return };
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
    if stream.write_all(frame.bytes()).is_ok() {
        trap.delivered();
        if let Ok(answer) = Frame::read(&mut stream) {
            trap.answered(&answer);
        }
    }
}

fn answers(line: &Line, connection: &Connection) {
    let Ok(mut upstream) = connection.upstream.try_clone() else { return connection.close() };
    while let Ok(frame) = Frame::read(&mut upstream) {
        let awaited = held(&connection.awaited).clone();
        if let Some((_, trap)) = awaited.filter(|(number, _)| frame.answers() == Some(*number)) {
            if !matches!(trap.trick, Trick::Twice | Trick::Unanswered) {
                trap.answered(&frame);
            }
            break;
        }
        line.pass(connection, Way::ToClient, frame.bytes().len());
        if (&connection.client).write_all(frame.bytes()).is_err() && held(&connection.awaited).is_none() {
            // What is caught on a connection that its client has left may still be delivered on it.
            if !connection.is_hung_up() {
                break;
            }
        }
    }
    connection.close();
}

impl Connection {
    fn send(&self, frame: &Frame) -> bool {
        (&self.upstream).write_all(frame.bytes()).is_ok()
    }

    pub fn suffers(&self, weather: &Weather) -> bool {
        weather.concerns(&self.owner, self.broker)
    }

    pub fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// Ends both ways; threads that wait for either see it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let _gone = (self.client.shutdown(Shutdown::Both), self.upstream.shutdown(Shutdown::Both));
    }

    /// The client loses the connection, the broker does not.
    fn hang_up(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let _gone = self.client.shutdown(Shutdown::Both);
    }

    fn is_hung_up(&self) -> bool {
        !self.is_open()
    }
}
